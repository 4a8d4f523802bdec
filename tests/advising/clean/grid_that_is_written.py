"""Broadcasts that are needed whole: written to, indexed with, or returned."""

import numpy as np


def grid(n):
    x, y = np.meshgrid(np.arange(n) * 0.5, np.arange(n) * 0.25)
    return np.stack([x.ravel(), y.ravel()], axis=1)


def counters(n):
    start = np.tile(np.arange(10.0), (n, 1))
    start[::2] += 1
    return start


def differences(values):
    return values[:, None] - values[None, :]


print(grid(600).sum(), counters(50_000).sum(), differences(np.arange(600.0)).max())
