"""Histogram of events, then a table of all pairs of bins."""

import numpy as np


def read_events(n):
    rng = np.random.default_rng(5)
    return rng.integers(0, 1200, n)


def count(values):
    edges = np.arange(1201)
    found, _ = np.histogram(values, edges)
    return found


events = read_events(1_500_000)
counts = count(events)
busiest = np.bincount(events).argmax()  # guilty
pairs = np.multiply.outer(counts, counts)
print(busiest, pairs.trace())
