"""Weights of 0 and 1 for the values of a field, in a byte each."""

import numpy as np


def weigh(field):
    weights = np.where(field > 0.5, 1.0, 0.0).astype(np.uint8)
    below = np.sqrt(field)
    np.multiply(below, weights, out=below)
    above = np.cbrt(field)
    np.multiply(above, weights, out=above)
    return below.max() + above.max()


field = np.linspace(0.0, 1.0, 500_000)
print(f"{weigh(field):.6f}")
