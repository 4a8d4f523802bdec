"""Views that together are most of their base, and a view that is most of it."""

import numpy as np


def split(seed):
    both = np.random.default_rng(seed).random(1_000_000)
    return both[:100_000], both[100_000:]


def rows(seed):
    table = np.random.default_rng(seed).random((20, 50_000))
    return [table[number] for number in range(20)]


first, second = split(1)
lines = rows(2)
print(f"{first.sum() + second.sum() + sum(line.sum() for line in lines):.4f}")
