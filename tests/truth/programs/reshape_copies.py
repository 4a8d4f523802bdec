"""Flatten an image twice: in memory order (a view) and column by column (a copy)."""

import numpy as np

image = np.arange(600_000, dtype=np.float64).reshape(600, 1_000)
by_row = image.reshape(-1)
by_column = image.T.reshape(-1)

print(by_row.shape, by_column.shape)
