"""Residuals of a fitted line."""

import numpy as np


class Line:
    def __init__(self, slope):
        self.slope = slope

    def residuals(self, x, y):
        result = self.slope * x
        return np.subtract(y, result, out=result)


x = np.linspace(0.0, 1.0, 1_000_000)
y = x * 2.0
y[::2] += 0.1
r = Line(2.0).residuals(x, y)
print(f"{r.mean():.5f} {x[-1]:.1f} {y[-1]:.2f}")
