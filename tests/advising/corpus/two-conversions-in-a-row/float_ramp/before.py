"""A ramp of single precision."""

import numpy as np


class Ramp:
    def __init__(self, count):
        self.values = np.arange(count).reshape(-1, 100).astype(np.float32)  # guilty


ramp = Ramp(2_000_000)
print(ramp.values.shape, ramp.values[-1, -1])
