"""Histograms of many windows, each an array of its own in a list."""

import numpy as np


def count_all(values, count):
    found = []
    for number in range(count):
        found.append(np.bincount(values[number : number + 6], minlength=8))  # guilty
    return found


values = np.arange(100_000) % 8
found = count_all(values, 80_000)
print(len(found), found[17].tolist(), int(found[79_999].sum()))
