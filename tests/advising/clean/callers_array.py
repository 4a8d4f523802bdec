"""A function that must not change the array of its caller."""

import numpy as np


def scaled(values, factor):
    values = values * factor
    return np.sqrt(values, out=values)


prices = np.linspace(1.0, 2.0, 1_000_000)
taxed = scaled(prices, 1.19)
print(f"{prices[-1]:.3f} {taxed[-1]:.3f}")
