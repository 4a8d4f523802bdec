"""Centre and scale a table, and print its largest value."""

import numpy as np

table = np.random.default_rng(1).random((1_000_000, 8))
centred = table - table.mean(axis=0)
scaled = centred / np.sqrt(np.square(centred).mean(axis=0))
print(f"largest value: {scaled.max():.3f}")
