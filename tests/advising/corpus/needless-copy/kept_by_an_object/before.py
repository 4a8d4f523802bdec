"""A table that an object copies, in a program that never writes into an array that it was given."""

import numpy as np


class Dataset:
    def __init__(self, table):
        self.table = np.array(table, dtype=float)  # guilty

    def halves(self):
        middle = len(self.table) // 2
        return self.table[:middle], self.table[middle:]


def load(rows):
    table = np.random.default_rng(1).random((rows, 20))
    return Dataset(table)


first, second = load(60_000).halves()
print(round(first.sum() - second.sum(), 6))
