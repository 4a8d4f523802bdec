"""Acceleration from positions: np.diff of order 2 makes its first difference inside NumPy's own code."""

import numpy as np

position = np.arange(750_000, dtype=np.float64)
acceleration = np.diff(position, n=2)
both = np.stack([position, position])

print(acceleration.shape, both.shape)
