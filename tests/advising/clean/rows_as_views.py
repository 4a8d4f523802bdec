"""Many views of the rows of one array: they have no data of their own."""

import numpy as np


def split(table):
    rows = [row for row in table]
    return rows[::2] + rows[1::2]


rows = split(np.ones((40_000, 3)))
print(len(rows), rows[-1].tolist())
