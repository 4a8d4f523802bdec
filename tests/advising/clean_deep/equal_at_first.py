"""Tables that all begin as zeros, and are filled each in its own way."""

import numpy as np


def begin(count):
    return [np.zeros((300, 300)) for _ in range(count)]


def fill(tables):
    for number, table in enumerate(tables):
        table[:] += np.sqrt(np.arange(300.0) + number)
    return tables


tables = fill(begin(10))
print(f"{sum(float(table[0, -1]) for table in tables):.6f}")
