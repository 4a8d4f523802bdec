"""Convolve a batch of images with a bank of filters, one shifted product at a time (arrays of 8 MB)."""

import numpy as np
from timing import run_timed


def convolve_batch(images: int = 8, size: int = 128, channels: int = 8, rounds: int = 36) -> float:
    """Apply ``(5, 5, channels, channels)`` filters to ``(images, size, size, channels)`` and rectify."""
    rng = np.random.default_rng(2)
    batch = rng.random((images, size, size, channels))
    filters = rng.normal(size=(5, 5, channels, channels)) / 50.0
    kept = size - 4
    total = 0.0
    for _ in range(rounds):
        result = np.zeros((images, kept, kept, channels))
        for row in range(5):
            for column in range(5):
                result += batch[:, row : row + kept, column : column + kept] @ filters[row, column]
        total += float(np.maximum(result, 0.0).sum())
    return total


if __name__ == "__main__":
    run_timed(convolve_batch)
