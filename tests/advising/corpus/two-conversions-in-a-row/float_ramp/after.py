"""A ramp of single precision."""

import numpy as np


class Ramp:
    def __init__(self, count):
        self.values = np.arange(count, dtype=np.float32).reshape(-1, 100)


ramp = Ramp(2_000_000)
print(ramp.values.shape, ramp.values[-1, -1])
