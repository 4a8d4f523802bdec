"""Ranks that another part of the program uses as positions."""

import numpy as np


def rank(values):
    order = np.argsort(values)
    ranks = np.empty_like(order)
    ranks[order] = np.arange(len(values))
    return order, ranks


values = np.random.default_rng(1).random(500_000)
order, ranks = rank(values)
print(np.array_equal(order[ranks[:1_000]], np.arange(1_000)), round(values[order[0]], 6))
