"""Radii of the points of two clouds."""

import numpy as np


def cloud(seed):
    return np.random.default_rng(seed).normal(size=(600_000, 2))


for seed in (1, 2):
    points = cloud(seed)
    radius = np.hypot(points[:, 0], points[:, 1])
    within = np.count_nonzero(radius < 1)
    print(within, f"{radius.max():.4f} {radius.min():.6f}")
    del points, radius
