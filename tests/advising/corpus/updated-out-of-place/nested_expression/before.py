"""Stabilise the variance of counts."""

import numpy as np


def stabilise(count):
    values = np.random.default_rng(2).random(count)
    values = np.sqrt(values * 2 + 1)  # guilty
    return values.sum(), values[-1]


print(f"{stabilise(1_000_000)}")
