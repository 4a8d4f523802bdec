"""Keep the head of each image: the method that keeps it is not the one that allocates."""

import numpy as np


def read(number):
    return np.random.default_rng(number).random((500, 500))


class Album:
    def __init__(self):
        self.heads = {}

    def add(self, name, image):
        self.heads[name] = image[0, :32].copy()


album = Album()
for number in range(8):
    album.add(number, read(number))
print(round(sum(head.sum() for head in album.heads.values()), 6))
