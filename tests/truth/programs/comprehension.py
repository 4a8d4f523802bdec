"""Root of each row's distance from a reference row, kept in a list."""

import numpy as np

rows = np.arange(1_600_000, dtype=np.float64).reshape(4, 400_000)
reference = np.arange(400_000, dtype=np.float64)

distances = [np.abs(row - reference) for row in rows]

print(len(distances))
