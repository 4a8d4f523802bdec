from functools import cached_property

import numpy as np


class Image:
    def __init__(self, n):
        self.pixels = np.random.default_rng(0).random((n, n))

    @cached_property
    def gradient(self):
        return np.stack(np.gradient(self.pixels))

    @cached_property
    def magnitude(self):
        return np.sqrt((self.gradient**2).sum(axis=0))


class Gallery:
    images = {}

    @classmethod
    def add(cls, name, n):
        cls.images[name] = Image(n)


def main():
    for name in "abc":
        Gallery.add(name, 700)
    print(sum(float(i.magnitude.mean()) for i in Gallery.images.values()) > 0)


main()
