"""Ripples on a pond."""

import numpy as np


def ripples(n):
    x, y = np.meshgrid(np.linspace(-5, 5, n), np.linspace(-5, 5, n), sparse=True)
    return np.sin(np.sqrt(x**2 + y**2))


print(f"{ripples(1100).sum():.6f}")
