"""Moving maximum of a series."""

import numpy as np


def moving_maximum(series, width):
    windows = np.array([series[start : start + width] for start in range(len(series) - width + 1)])  # guilty
    return windows.max(axis=1)


series = np.random.default_rng(3).random(40_000)
print(f"{moving_maximum(series, 50).mean():.6f}")
