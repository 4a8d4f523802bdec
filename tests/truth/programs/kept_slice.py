"""Keep the first ten values of a large array, and with them, unseen, all of it."""

import numpy as np

samples = np.arange(1_200_000, dtype=np.float64)
head = samples[:10]
del samples

others = np.arange(1_100_000, dtype=np.float64)
highest = float(others[-1])
del others

print(head.shape, highest)
