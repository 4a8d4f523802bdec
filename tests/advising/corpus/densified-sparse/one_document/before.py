"""The words of one document."""

import numpy as np
from scipy import sparse

rng = np.random.default_rng(1)
rows, columns = rng.integers(0, 1500, 30_000), rng.integers(0, 2000, 30_000)
counts = sparse.csr_matrix((np.ones(30_000), (rows, columns)), shape=(1500, 2000))
words = counts.toarray()[42]  # guilty
print(np.flatnonzero(words)[:5], words.sum())
