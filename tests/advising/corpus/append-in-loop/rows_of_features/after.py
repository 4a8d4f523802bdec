"""A table of features, one row after the other."""

import numpy as np

N = 40


class Table:
    def __init__(self, length):
        self.rows = np.empty((length, 50_000))
        self.used = 0

    def add(self, row):
        self.rows[self.used] = row
        self.used += 1


table = Table(N)
for number in range(N):
    table.add(np.arange(50_000) * 0.5 + number)
print(table.rows[:, 7].sum())
