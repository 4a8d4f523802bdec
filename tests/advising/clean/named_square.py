"""The squares are needed as they are, not only their sum."""

import numpy as np

values = np.linspace(0.0, 1.0, 1_000_000)
squares = np.square(values)
total = squares.sum()
squares /= total
print(f"{total:.3f} {squares[-1]:.9f} {values[-1]}")
