"""The mean weight of random samples."""

import numpy as np


def measure(count):
    samples = np.random.default_rng(3).normal(size=(count, 40))  # guilty
    weights = np.exp(samples)
    weights += samples
    return weights.sum(axis=1)


print(f"{measure(30_000).mean():.9f}")
