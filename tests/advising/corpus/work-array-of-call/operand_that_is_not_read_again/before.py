"""The median of frames that are not needed afterwards."""

import numpy as np


def level(frame):
    return np.median(frame)  # guilty


print([round(level(np.random.default_rng(number).random((1_000, 1_000))), 4) for number in range(3)])
