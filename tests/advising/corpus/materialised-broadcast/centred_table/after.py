"""Centre the columns of a table."""

import numpy as np


def centre(table):
    means = table.mean(axis=0)
    return table - means


table = np.random.default_rng(9).random((100_000, 12))
centred = centre(table)
print(f"{centred.max():.6f}")
