"""Lists that an array of numbers cannot replace: with missing values, of text, of numbers that Python shares."""

import numpy as np


def read(count):
    depths = [None if number % 9 == 0 else number * 0.5 for number in range(count)]
    names = [f"station {number}" for number in range(count)]
    flags = [number % 200 for number in range(count)]
    ones = [1.5] * count
    kept = np.array([None, *depths], dtype=object)
    return depths, names, flags, ones, kept


print([len(column) for column in read(100_000)], np.ones(3).sum())
