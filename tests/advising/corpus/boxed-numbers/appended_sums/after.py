"""Sums of many small pieces, appended to an array of the standard library."""

import array

import numpy as np


def add_up(table, times):
    sums = array.array("d")
    for number in range(times):
        sums.append(float(table[number % len(table)]) + number)
    return sums


table = np.arange(5_000.0)
sums = add_up(table, 400_000)
print(len(sums), max(sums))
