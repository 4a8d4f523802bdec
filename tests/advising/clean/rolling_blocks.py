"""Blocks of a large table, each used and released, and parts that are needed after they were joined."""

import numpy as np


def parts(table):
    found = [np.sqrt(table[start : start + 100_000]) for start in range(0, len(table), 100_000)]
    joined = np.concatenate(found)
    return joined, [part.max() for part in found]


table = np.random.default_rng(1).random(1_000_000)
joined, highest = parts(table)
print(f"{joined.sum():.4f} {max(highest):.4f} {table[0]:.4f}")
