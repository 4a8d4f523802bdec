"""A file that is read in full, and a sparse matrix that is needed dense."""

import tempfile
from pathlib import Path

import numpy as np
from scipy import sparse

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "values.npy"
    np.save(path, np.arange(1_000_000.0))
    values = np.load(path)
    print(values[:5].sum(), values.sum())
dense = sparse.eye(700, format="csr").toarray()
dense[0] += values[:700]
print(np.linalg.slogdet(dense)[0])
