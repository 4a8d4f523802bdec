"""Quantise samples to the nearest of some levels."""

import numpy as np


def quantise(samples, levels):
    nearest = np.empty_like(samples)
    for start in range(0, len(samples), 1000):
        block = samples[start : start + 1000, np.newaxis]
        nearest[start : start + 1000] = levels[np.abs(block - levels).argmin(axis=1)]
    return nearest


samples = np.random.default_rng(6).random(40_000)
print(f"{quantise(samples, np.linspace(0, 1, 64)).sum():.6f}")
