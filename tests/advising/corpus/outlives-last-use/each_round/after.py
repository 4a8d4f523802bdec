"""Draw noise in each round, and smear its mean over a larger field."""

import numpy as np


def smear(rounds):
    rng = np.random.default_rng(5)
    total = 0.0
    for _ in range(rounds):
        noise = rng.random(400_000)
        level = noise.mean()
        del noise
        field = np.full(1_000_000, level)
        field[::2] = 0.0
        total += field.sum()
        del field
    return total


print(f"{smear(4):.6f}")
