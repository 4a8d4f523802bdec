"""Random walks, one a row."""

import numpy as np


def walk(rng, n):
    return rng.standard_normal(n).cumsum()


def simulate(n_walks, n):
    rng = np.random.default_rng(8)
    walks = np.empty((n_walks, n))
    for number in range(n_walks):
        walks[number] = walk(rng, n)
    return walks


walks = simulate(30, 100_000)
print(f"{walks[:, -1].std():.6f}")
