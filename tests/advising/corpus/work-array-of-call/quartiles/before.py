"""Median of each row of a table."""

import numpy as np


class Table:
    def __init__(self, rows):
        self.values = np.random.default_rng(9).random((rows, 400))

    def medians(self):
        return np.median(self.values, axis=1)  # guilty


table = Table(4_000)
print(f"{table.medians().sum():.4f} {table.values[0, 0]:.4f}")
