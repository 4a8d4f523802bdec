"""Collect samples block by block."""

import numpy as np


def collect(n_blocks):
    rng = np.random.default_rng(2)
    samples = np.empty(n_blocks * 100_000)
    for block in range(n_blocks):
        samples[block * 100_000 : (block + 1) * 100_000] = rng.random(100_000)
    return samples


print(f"{collect(24).mean():.6f}")
