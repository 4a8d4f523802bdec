"""Histograms of many windows, each an array of its own in a list."""

import numpy as np


def count_all(values, count):
    found = []
    for number in range(count):
        found.append(np.bincount(values[number : number + 6], minlength=8))  # guilty
    return found


values = np.arange(400_006) % 8
found = count_all(values, 400_000)
print(len(found), found[17].tolist(), int(found[399_999].sum()))
