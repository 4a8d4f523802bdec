"""Fill a table with a function of row and column, from a column and a row of indices."""

import numpy as np

ROWS, COLUMNS = 1200, 1500
i, j = np.indices((ROWS, COLUMNS), dtype=np.float64, sparse=True)
table = ((i * (j + 1) + 2.0) % 7.0) / COLUMNS
print(f"{table.sum():.9f} {table[3, 4]:.9f} {table.shape}")
