"""A table of one index alone has its shape only because the other index is there, and a sum needs all indices."""

import numpy as np

rows = np.fromfunction(lambda i, j: i, (900, 800))
shares = np.fromfunction(lambda i, j: i / i.sum() + j, (900, 800))
print(rows.shape, f"{rows.sum():.1f} {shares[2, 3]:.9f} {shares.sum():.3f}")
