"""An object copies a table, because the function that made the table goes on to change it."""

import numpy as np


class Dataset:
    def __init__(self, table):
        self.table = np.array(table)


table = np.zeros((1_000, 1_000))
kept = Dataset(table)
table[:] = 7
print(kept.table.max(), table.min())
