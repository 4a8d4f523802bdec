"""A weighted sum of two images, the first one with its outliers cut off."""

import numpy as np


def blend(first, second, a, b, c):
    return np.clip(first, 2, 10) * a + second * b + c  # guilty


first = np.arange(2_000_000) % 1000
second = np.arange(2_000_000) % 77
blended = blend(first, second, 4, 3, 9)
print(blended.sum(), blended[17], first[1], second[2])
