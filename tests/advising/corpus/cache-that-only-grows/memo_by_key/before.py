"""A table for each key, in a dict that is never emptied."""

import numpy as np

CACHE = {}


def table(key):
    if key not in CACHE:
        CACHE[key] = np.random.default_rng(key).random(400_000)  # guilty
    return CACHE[key]


print([round(table(key)[0], 4) for key in range(10)])
