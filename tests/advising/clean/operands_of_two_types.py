"""The temporary is made of integers and the result of floats: it cannot be written there."""

import numpy as np

numbers = np.arange(1_000_000)
roots = np.sqrt(numbers + 1)
print(numbers[-1], f"{roots[-1]:.6f}")
