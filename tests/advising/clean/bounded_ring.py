"""The last four states, in a container with a bound that nothing reads yet."""

from collections import deque

import numpy as np


class Model:
    def __init__(self):
        self.recent = deque(maxlen=4)

    def step(self, n):
        self.recent.append(np.full(200_000, n))
        return n


model = Model()
print(sum(model.step(n) for n in range(20)))
