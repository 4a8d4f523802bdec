"""The mean of each frame inside a disc."""

import numpy as np


def disc(size):
    y, x = np.ogrid[:size, :size]
    return (x - size // 2) ** 2 + (y - size // 2) ** 2 < (size // 3) ** 2


class Frame:
    def __init__(self, number, mask):
        self.number = number
        self.mask = mask


mask = disc(600)
frames = [Frame(number, mask) for number in range(20)]
print(sum(frame.number * int(frame.mask.sum()) for frame in frames))
