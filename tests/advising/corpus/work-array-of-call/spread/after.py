"""Spread of each channel."""

import numpy as np


def spread(samples, rows=16):
    result = np.empty(len(samples))
    for start in range(0, len(samples), rows):
        result[start : start + rows] = np.std(samples[start : start + rows], axis=1)
    return result


samples = np.random.default_rng(6).normal(size=(2_000, 1_000))
print(f"{spread(samples).mean():.6f} {samples[0, 0]:.3f}")
