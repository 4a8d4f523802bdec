"""The median of a sample whose order in time is needed afterwards."""

import numpy as np


def centre(sample):
    return np.median(sample)


sample = np.random.default_rng(1).random(1_000_000)
middle = centre(sample)
print(round(middle, 4), round(sample[0], 4))
