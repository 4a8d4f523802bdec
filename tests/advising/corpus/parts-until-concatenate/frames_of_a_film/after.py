"""Frames of a film, stacked."""

import numpy as np


def render(number):
    y, x = np.ogrid[:400, :400]
    return np.sin(x * 0.01 * number) + np.cos(y * 0.02)


film = np.empty((20, 400, 400))
for number in range(20):
    film[number] = render(number)
print(f"{film.sum():.6f}")
