from multiprocessing import get_context

import numpy as np


def square(i):
    return np.full(1_000_000, float(i)) ** 2


def main():
    with get_context("fork").Pool(2) as pool:
        parts = pool.map(square, range(8))
    total = np.stack(parts)
    print(total.sum())


if __name__ == "__main__":
    main()
