"""Rows chosen by a mask of one axis, which NumPy converts to positions inside."""

import numpy as np


def choose(points, inside):
    rows = np.nonzero(inside)[0]
    return points[rows]


points = np.random.default_rng(1).random((1_000_000, 1), dtype=np.float32)
inside = points[:, 0] > 0.2
print(choose(points, inside).shape)
