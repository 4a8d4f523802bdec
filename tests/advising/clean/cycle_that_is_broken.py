"""A parent and its children refer to each other, and the parent lets go of them when it is done."""

import numpy as np


class Part:
    def __init__(self, whole, values):
        self.whole = whole
        self.values = values

    def mean(self):
        return float(self.values.mean())


class Whole:
    def __init__(self, seed):
        self.parts = [Part(self, np.sin(np.arange(100_000.0) + seed))]

    def close(self):
        for part in self.parts:
            part.whole = None
        self.parts.clear()


total = 0.0
for seed in range(10):
    whole = Whole(seed)
    total += whole.parts[0].mean()
    whole.close()
print(f"{total:.6f}")
