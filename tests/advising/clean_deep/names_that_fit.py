"""Text whose longest element needs more than half of its field, and not a missing value among small integers."""

import numpy as np


def read(count):
    names = np.array([f"station {number}" for number in range(count)])
    depths = np.arange(count * 10) % 100 + 0.0
    depths[7] = np.nan
    depths[8] = 0.1
    return names, depths


names, depths = read(40_000)
print(names[-1], np.nanmax(depths))
