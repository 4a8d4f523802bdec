"""Escape times of the Mandelbrot set: points that have escaped leave the arrays (36 MB, shrinking)."""

import numpy as np
from timing import run_timed


def count_escapes(size: int = 1_500, steps: int = 250) -> float:
    """Sum the escape steps over a ``(size, size)`` grid of complex points."""
    real, imaginary = np.linspace(-2.0, 0.6, size), np.linspace(-1.2, 1.2, size)
    points = (real + 1j * imaginary[:, None]).ravel()
    values = np.zeros_like(points)
    total = 0
    for step in range(steps):
        values = values * values + points
        inside = np.abs(values) < 2.0
        total += step * int(np.count_nonzero(~inside))
        points, values = points[inside], values[inside]
    return float(total)


if __name__ == "__main__":
    run_timed(count_escapes)
