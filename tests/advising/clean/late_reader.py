"""A variable that is read again after the peak: in a loop, in a closure, and through an alias."""

import numpy as np


def analyse(seed):
    raw = np.random.default_rng(seed).random(1_000_000)
    same = raw
    kept = np.random.default_rng(seed + 1).random(500_000)

    def remainder():
        return kept[-1]

    for _ in range(2):
        offset = raw[0]
        work = np.zeros(1_500_000)
        work[:1_000_000] = offset
    return same[3] + work[0] + remainder()


print(f"{analyse(1):.6f}")
