"""Heat on a plate: each point becomes the mean of itself and its four neighbours (arrays of 2 MB)."""

import numpy as np
from timing import run_timed


def relax_plate(size: int = 500, steps: int = 1_300) -> float:
    """Relax a ``(size, size)`` plate with two hot edges, a step in five array operations."""
    plate = np.zeros((size, size))
    plate[0], plate[:, 0] = 100.0, 50.0
    for _ in range(steps):
        inner = plate[1:-1, 1:-1] + plate[:-2, 1:-1] + plate[2:, 1:-1] + plate[1:-1, :-2] + plate[1:-1, 2:]
        plate[1:-1, 1:-1] = inner * 0.2
    return float(plate.sum())


if __name__ == "__main__":
    run_timed(relax_plate)
