"""The mean of each frame inside a disc."""

import numpy as np


def disc(size):
    y, x = np.ogrid[:size, :size]
    return (x - size // 2) ** 2 + (y - size // 2) ** 2 < (size // 3) ** 2  # guilty


class Frame:
    def __init__(self, number, size):
        self.number = number
        self.mask = disc(size)


frames = [Frame(number, 600) for number in range(20)]
print(sum(frame.number * int(frame.mask.sum()) for frame in frames))
