"""Covariance and correlation of many variables over several windows (arrays of 3 to 6 MB)."""

import numpy as np
from timing import run_timed


def correlate_windows(samples: int = 1_200, variables: int = 600, windows: int = 90) -> float:
    """Sum the absolute correlations of ``(samples, variables)`` data, window after window."""
    data = np.random.default_rng(4).normal(size=(samples, variables))
    total = 0.0
    for window in range(windows):
        part = data[window:]
        centred = part - part.mean(axis=0)
        covariance = centred.T @ centred / (len(part) - 1.0)
        spread = np.sqrt(np.diag(covariance))
        total += float(np.abs(covariance / np.outer(spread, spread)).sum())
    return total


if __name__ == "__main__":
    run_timed(correlate_windows)
