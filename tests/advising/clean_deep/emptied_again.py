"""Buffers of workers, which are all zeros again when the work is done."""

import numpy as np

buffers = {name: np.zeros(120_000) for name in "abcdefgh"}
total = 0.0
for number, name in enumerate(buffers):
    buffers[name][:] = np.sqrt(np.arange(120_000.0) + number)
    total += float(buffers[name].sum())
    buffers[name].fill(0.0)
print(f"{total:.6f}", len(buffers))
