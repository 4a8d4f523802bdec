"""Stabilise the variance of counts."""

import numpy as np


def stabilise(count):
    values = np.random.default_rng(2).random(count)
    values *= 2
    values += 1
    np.sqrt(values, out=values)
    return values.sum(), values[-1]


print(f"{stabilise(1_000_000)}")
