"""A column of a table that is filled value by value."""

import numpy as np


def fill(count):
    column = np.empty(count, dtype=np.float64)
    for row in range(count):
        column[row] = row * 0.25
    return column


column = fill(1_000_000)
print(f"{column[7]:.2f} {column[-1]:.2f}")
