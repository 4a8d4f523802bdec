"""Measure what `ndmem.dask.track` adds to the wall time of 1,000 tasks of about 10 ms: plain and tracked in turn.

    python benchmarks/scale/cluster_overhead.py [--pairs 7] [--workers 2] [--threads] [--arrays 50]

Each task computes for 10 ms of its own thread's time, and allocates arrays meanwhile. The figure is the ratio of the
medians; the pairs show how much they vary.
"""

import argparse
import statistics
import time

import numpy as np
from distributed import Client, LocalCluster, wait

import ndmem

_TASK_S = 0.010


def compute(number: int, arrays: int) -> float:
    """Allocate arrays of 80 kB, and compute until the thread has used 10 ms."""
    deadline = time.thread_time() + _TASK_S
    total = 0.0
    for _ in range(arrays):
        total += float((np.ones(10_000) * number).sum())
    while time.thread_time() < deadline:
        total += float(np.arange(1000.0).sum())
    return total


def run_tasks(client: Client, tasks: int, arrays: int) -> float:
    """Return the wall time of all tasks."""
    start = time.perf_counter()
    wait(client.map(compute, range(tasks), arrays=arrays, pure=False))
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", action="store_true", help="one process for all workers")
    parser.add_argument("--arrays", type=int, default=50, help="arrays that each task allocates, at least")
    options = parser.parse_args()
    plain, tracked = [], []
    with (
        LocalCluster(
            n_workers=options.workers, threads_per_worker=1, processes=not options.threads, dashboard_address=":0"
        ) as cluster,
        Client(cluster) as client,
    ):
        run_tasks(client, options.tasks, options.arrays)  # imports, caches
        for _ in range(options.pairs):
            plain.append(run_tasks(client, options.tasks, options.arrays))
            with ndmem.dask.track(client):
                tracked.append(run_tasks(client, options.tasks, options.arrays))
            print(f"plain {plain[-1]:.3f} s, tracked {tracked[-1]:.3f} s", flush=True)
    ratio = statistics.median(tracked) / statistics.median(plain)
    print(f"medians {statistics.median(plain):.3f} s and {statistics.median(tracked):.3f} s: {ratio - 1:+.1%}")


if __name__ == "__main__":
    main()
