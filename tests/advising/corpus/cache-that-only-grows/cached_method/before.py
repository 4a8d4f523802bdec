"""Averages over sweeps of a parameter."""

from functools import cache

import numpy as np


class Sweep:
    def __init__(self, n):
        self.n = n

    @cache  # guilty
    def signal(self, frequency):
        return np.sin(np.arange(self.n) * frequency)


sweep = Sweep(200_000)
print(f"{sum(sweep.signal(k / 1000).mean() for k in range(16)):.6f}")
