"""Fill a table with a function of row and column."""

import numpy as np

ROWS, COLUMNS = 1200, 1500
table = np.fromfunction(lambda i, j: ((i * (j + 1) + 2.0) % 7.0) / COLUMNS, (ROWS, COLUMNS), dtype=np.float64)  # guilty
print(f"{table.sum():.9f} {table[3, 4]:.9f} {table.shape}")
