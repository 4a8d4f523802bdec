"""Read part of a file that is mapped into memory: only the part that is copied is array memory."""

import tempfile

import numpy as np

with tempfile.TemporaryFile() as file:
    mapped = np.memmap(file, dtype=np.float64, mode="w+", shape=(1_000, 1_000))
    mapped[:] = np.arange(1_000, dtype=np.float64)
    window = np.array(mapped[:, :300])
    del mapped

print(window.shape)
