"""Samples in an array."""

import numpy as np


def read(count):
    samples = np.fromiter((0.125 * number for number in range(count)), dtype=np.float64)
    return samples, max(samples)


samples, highest = read(1_000_000)
print(f"{highest:.3f} {len(samples)} {np.median(samples[:1_001]):.3f}")
