"""Sums over blocks, whose temporaries are small."""

import numpy as np


def energy(samples, block=8_192):
    return sum(np.square(samples[start : start + block]).sum() for start in range(0, len(samples), block))


samples = np.random.default_rng(3).random(2_000_000)
print(f"{energy(samples):.3f} {samples[0]:.6f}")
