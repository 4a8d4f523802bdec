"""Standardise batches with the mean and the spread of each channel."""

import numpy as np

MEAN = np.array([0.5, 0.25, 0.75], dtype=np.float32)
SPREAD = np.array([0.5, 0.25, 0.125], dtype=np.float32)


def standardise(batch):
    return (batch - MEAN) / SPREAD


for number in range(3):
    batch = np.random.default_rng(number).random((8, 200, 200, 3), dtype=np.float32)
    standard = standardise(batch)
    print(round(float(standard[0, 0, 0, 0]), 4))
