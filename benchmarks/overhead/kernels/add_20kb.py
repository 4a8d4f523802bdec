"""Nothing but additions of two arrays of 20 000 bytes: one birth and one death each."""

import numpy as np
from timing import run_timed


def add_again(elements: int = 2_500, additions: int = 1_200_000) -> float:
    """Add two arrays of ``elements`` values, ``additions`` times."""
    left, right = np.ones(elements), np.full(elements, 2.0)
    for _ in range(additions):
        result = left + right
    return float(result.sum())


if __name__ == "__main__":
    run_timed(add_again)
