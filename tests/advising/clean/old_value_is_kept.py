"""The old value of what is updated stays in use under another name."""

import numpy as np

heights = np.random.default_rng(0).random(1_000_000)
before = heights
heights = heights * 1.5
print(f"{before[0]:.6f} {heights[0]:.6f} {before[-1]:.6f}")
