"""Refuse a table with missing values."""

import numpy as np


class Readings:
    def __init__(self, count):
        self.values = np.random.default_rng(5).random((count, 8))

    def is_complete(self):
        return not np.isnan(self.values).any()  # guilty


readings = Readings(400_000)
print(readings.is_complete(), readings.values.shape)
