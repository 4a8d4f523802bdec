"""Look up values in a table that all workers share: it is written to a file once, and mapped."""

import multiprocessing as mp

import numpy as np


def start(path):
    global SQUARES, LEAST
    SQUARES = np.load(path, mmap_mode="r")
    LEAST = float(np.sort(SQUARES[::10])[0])


def look_up(number):
    return float(SQUARES[number] ** 2) + LEAST


if __name__ == "__main__":
    table = np.lib.format.open_memmap("squares.npy", "w+", shape=(1_000_000,))
    for first in range(0, 1_000_000, 10_000):
        table[first : first + 10_000] = np.arange(first, first + 10_000.0)
    table.flush()
    with mp.get_context("spawn").Pool(2, initializer=start, initargs=("squares.npy",)) as pool:
        print(sum(pool.map(look_up, range(20), chunksize=1)))
        pool.close()
        pool.join()
