"""Collect samples block by block."""

import numpy as np


def collect(n_blocks):
    rng = np.random.default_rng(2)
    samples = np.empty(0)
    for _ in range(n_blocks):
        samples = np.append(samples, rng.random(100_000))  # guilty
    return samples


print(f"{collect(24).mean():.6f}")
