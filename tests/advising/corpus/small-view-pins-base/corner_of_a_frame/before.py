"""Objects that keep a corner of their frame."""

import numpy as np


class Tile:
    def __init__(self, seed):
        frame = np.random.default_rng(seed).random((600, 800))
        self.corner = frame[:8, :8]  # guilty
        self.level = frame.mean()


tiles = [Tile(seed) for seed in range(6)]
work = np.ones((500, 1000))
print(f"{work.sum() + sum(tile.corner.sum() + tile.level for tile in tiles):.6f}")
