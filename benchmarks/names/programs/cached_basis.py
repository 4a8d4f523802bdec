import functools

import numpy as np


@functools.cache
def basis(n):
    return np.linspace(0, 1, n)[:, None] ** np.arange(4)


class Fitter:
    def __init__(self):
        self.results = {}

    def fit(self, n):
        b = basis(n)
        self.results[n] = b.T @ b


def main():
    fitter = Fitter()
    for n in range(100_000, 1_000_000, 100_000):
        fitter.fit(n)
    print(len(fitter.results))


main()
