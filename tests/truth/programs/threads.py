"""Four threads that hold their block at the same time."""

import threading

import numpy as np

WORKERS = 4
everybody_holds_one = threading.Barrier(WORKERS)


def fill(worker):
    """Make a block of 5 MB and wait until all workers have theirs."""
    block = np.arange(worker, worker + 625_000)
    everybody_holds_one.wait()
    return block[0]


workers = [threading.Thread(target=fill, args=(n,)) for n in range(WORKERS)]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()

after = np.arange(10_000, dtype=np.float64)
print(after.shape)
