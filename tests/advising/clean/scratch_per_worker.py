"""Workers with an array of their own each: one to write to, and one of which each has another."""

import multiprocessing as mp

import numpy as np

SUMS = None
OWN = None


def start(queue):
    global SUMS, OWN
    SUMS = np.full(300_000, 0.0)
    OWN = queue.get() * np.ones(300_000)
    OWN[0] = 1


def add(row):
    SUMS[:] += row + OWN
    return 1


if __name__ == "__main__":
    context = mp.get_context("spawn")
    queue = context.SimpleQueue()
    for number in range(2):
        queue.put(float(number))
    with context.Pool(2, initializer=start, initargs=(queue,)) as pool:
        print(sum(pool.map(add, range(20), chunksize=1)))
        pool.close()
        pool.join()
