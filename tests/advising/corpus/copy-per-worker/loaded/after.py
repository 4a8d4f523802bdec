"""Score rows against a table that each worker loads."""

import multiprocessing as mp

import numpy as np

TABLE = LIMIT = None


def start(path):
    global TABLE, LIMIT
    TABLE = np.load(path, mmap_mode="r")
    LIMIT = float(np.sort(TABLE[0])[-200:].sum())


def score(row):
    return min(float(TABLE[row, :100].sum()), LIMIT)


if __name__ == "__main__":
    rng = np.random.default_rng(1)
    table = np.lib.format.open_memmap("table.npy", "w+", shape=(20, 100_000))
    for row in range(20):
        for first in range(0, 100_000, 10_000):
            table[row, first : first + 10_000] = rng.random(10_000)
    table.flush()
    with mp.get_context("spawn").Pool(2, initializer=start, initargs=("table.npy",)) as pool:
        print(round(sum(pool.map(score, range(20), chunksize=1)), 6))
        pool.close()
        pool.join()
