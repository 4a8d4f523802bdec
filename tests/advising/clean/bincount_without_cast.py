"""Labels that have the type already that the function works with."""

import numpy as np

labels = np.arange(1_500_000) % 10
counts = np.bincount(labels)
print(counts, labels[-1])
