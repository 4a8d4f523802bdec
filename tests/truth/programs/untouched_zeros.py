"""Reserve a result array far larger than what is written to it."""

import numpy as np

grid = np.zeros((1_500, 2_000))
tile = np.arange(40_000, dtype=np.float64).reshape(200, 200)
grid[:200, :200] = tile

print(grid.shape, tile.shape)
