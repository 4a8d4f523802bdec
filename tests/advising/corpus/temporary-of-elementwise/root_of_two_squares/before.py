"""The length of gradients."""

import numpy as np


def length(gx, gy):
    return np.sqrt(gx**2 + gy**2)  # guilty


rng = np.random.default_rng(1)
gx, gy = rng.random((800, 800)), rng.random((800, 800))
lengths = length(gx, gy)
print(round(lengths.max(), 6), round(gx.max() + gy.max(), 6))
