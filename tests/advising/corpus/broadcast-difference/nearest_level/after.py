"""The nearest of some levels to each sample."""

import numpy as np


def nearest_level(samples, levels):
    nearest = np.empty(len(samples), np.intp)
    for start in range(0, len(samples), 100):
        block = samples[start : start + 100, np.newaxis]
        nearest[start : start + 100] = np.abs(block - levels).argmin(axis=1)
    return nearest


samples = np.random.default_rng(6).random(100_000)
print(f"{nearest_level(samples, np.linspace(0, 1, 24)).sum()}")
