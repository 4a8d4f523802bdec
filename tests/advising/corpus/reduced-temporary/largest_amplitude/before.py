"""Peak amplitudes of recordings."""

import numpy as np


def amplitude(seed):
    samples = np.random.default_rng(seed).standard_normal(1_500_000)
    return np.abs(samples).max()  # guilty


print(" ".join(f"{amplitude(seed):.4f}" for seed in range(3)))
