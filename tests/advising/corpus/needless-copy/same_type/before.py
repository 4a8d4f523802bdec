"""Fit a line to points that are float64 already."""

import numpy as np


def fit(x, y):
    x = x.astype(np.float64)  # guilty
    return np.dot(x, y) / np.dot(x, x)


x = np.linspace(1.0, 2.0, 1_000_000)
y = 3.0 * x
print(f"{fit(x, y):.6f} {x[0]} {y[0]}")
