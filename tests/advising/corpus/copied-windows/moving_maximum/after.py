"""Moving maximum of a series."""

import numpy as np


def moving_maximum(series, width):
    windows = np.lib.stride_tricks.sliding_window_view(series, width)
    return windows.max(axis=1)


series = np.random.default_rng(3).random(40_000)
print(f"{moving_maximum(series, 50).mean():.6f}")
