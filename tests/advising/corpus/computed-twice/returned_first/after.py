"""Deviations from the mean, of which the first result is returned."""

import numpy as np


def deviations(table):
    mean = table.mean(axis=0)
    centred = table - mean
    below = np.minimum(centred, 0)
    return centred, below


centred, below = deviations(np.random.default_rng(1).random((300_000, 4)))
print(round(centred.max(), 6), round(below.min(), 6))
