"""The product of a sparse matrix and an array."""

import numpy as np
from scipy import sparse


def totals(weights, rain):
    return weights @ rain


rows, columns = np.arange(1_000), np.arange(1_000) * 2
weights = sparse.csr_array((np.ones(1_000), (rows, columns)), shape=(1_000, 2_000))
print(totals(weights, np.arange(2_000.0)).sum())
