"""A cache with a bound, and results that are all used at the end."""

from functools import lru_cache

import numpy as np


@lru_cache(maxsize=2)
def table(n):
    return np.arange(300_000) * float(n)


def run():
    results = []
    for n in range(8):
        results.append(table(n) + table(n // 2))
    return results


print(sum(result[-1] for result in run()))
