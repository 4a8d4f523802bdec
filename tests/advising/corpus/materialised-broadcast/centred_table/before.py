"""Centre the columns of a table."""

import numpy as np


def centre(table):
    means = np.tile(table.mean(axis=0), (len(table), 1))  # guilty
    return table - means


table = np.random.default_rng(9).random((100_000, 12))
centred = centre(table)
print(f"{centred.max():.6f}")
