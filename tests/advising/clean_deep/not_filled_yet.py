"""Arrays that nothing was written to yet: equal elements say nothing of the values to come."""

import numpy as np


class Buffers:
    def __init__(self, count):
        self.sums = np.zeros(count)
        self.counts = np.zeros(count, dtype=np.int64)
        self.names = np.full(count // 8, "", dtype="U16")


buffers = Buffers(400_000)
print(buffers.sums.nbytes, buffers.counts.nbytes, buffers.names.nbytes)
