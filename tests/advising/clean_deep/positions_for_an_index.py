"""Positions in a table: an index of a narrower type is converted at each use."""

import numpy as np


def look_up(table, count):
    rows = np.zeros(count, dtype=np.int64)
    rows[::3] = len(table) - 1
    return table[rows].max()


print(f"{look_up(np.sqrt(np.arange(1_000.0)), 500_000):.4f}")
