"""Trees of blocks of a field, one tree after the other."""

import numpy as np


class Block:
    def __init__(self, values):
        self.values = values * 2.0
        self.parent = None


class Tree:
    def __init__(self, field, parts):
        self.blocks = []
        for part in np.array_split(field, parts):
            block = Block(part)
            block.parent = self  # guilty
            self.blocks.append(block)

    def total(self):
        return sum(float(block.values.sum()) for block in self.blocks)


def measure(seed):
    field = np.arange(200_000.0) + seed
    tree = Tree(field, 4)
    return tree.total()


print(sum(measure(seed) for seed in range(12)))
