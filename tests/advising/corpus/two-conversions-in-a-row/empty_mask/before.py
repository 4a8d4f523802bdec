"""A mask of the cells that rain reached."""

import numpy as np


def dry_mask(rows, columns):
    return np.zeros((rows, columns)).astype(bool)  # guilty


mask = dry_mask(1_000, 2_000)
mask[10:20] = True
print(mask.sum())
