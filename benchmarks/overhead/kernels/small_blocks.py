"""Hardly an array: Python objects of 600 to 3,000 bytes, which malloc makes and not Python's own arenas."""

import numpy as np
from timing import run_timed


def churn(objects: int = 3_000_000) -> float:
    """Make objects of malloc's that die at once, and some that stay for a while and die together."""
    kept: list[bytes] = []
    total = 0
    for number in range(objects):
        made = bytearray(600 + number % 200)
        total += len(made)
        if number % 10 == 0:
            kept.append(b"x" * (1000 + number % 2000))
        if len(kept) > 20_000:
            kept.clear()
    return float(np.array([total, len(kept)]).sum())


if __name__ == "__main__":
    run_timed(churn)
