"""Weight the rows of a table."""

import numpy as np

rng = np.random.default_rng(7)
weights = rng.random(1500)
table = rng.random((1500, 20))
weighted = weights[:, None] * table
print(f"{weighted.sum():.6f}")
