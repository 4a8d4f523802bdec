"""Integers of 64 bits do not fit into single precision."""

import numpy as np

stamps = np.arange(1_600_000_000, 1_601_000_000)
hours = stamps / 3_600
print(f"{hours[-1]:.6f} {stamps[-1]}")
