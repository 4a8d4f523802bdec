"""Measure what `ndmem.dask.track` adds to the wall time of 1,000 tasks of about 10 ms: plain and tracked in turn.

    python benchmarks/scale/cluster_overhead.py [--pairs 7] [--workers 2] [--threads] [--arrays 50] [--elements 1000]

Each task does the same work, calibrated to about 10 ms, and allocates arrays of 80 kB meanwhile. It adds a number to
some elements in place, again and again, and NumPy makes a small array of that number each time: with 1,000 elements
that is one each 2 us, with 100,000 few. The figures are the ratios of the medians of wall time, and of the workers'
processor time, which varies less on a busy machine.
"""

import argparse
import statistics
import time

import numpy as np
from distributed import Client, LocalCluster, wait

import ndmem

_TASK_S = 0.010


def compute(number: int, arrays: int, rounds: int, elements: int = 1000) -> float:
    """Allocate arrays of 80 kB, and compute in place."""
    total, work = 0.0, np.ones(elements)
    for _ in range(arrays):
        total += float((np.ones(10_000) * number).sum())
    for _ in range(rounds):
        np.add(work, 1, out=work)
    return total


def calibrate(arrays: int, elements: int) -> int:
    """Return the rounds with which a task takes about 10 ms of processor time."""
    rounds = step = max(500_000 // elements, 1)
    while True:
        start = time.thread_time()
        compute(1, arrays, rounds, elements)
        if time.thread_time() - start >= _TASK_S:
            return rounds
        rounds += step


def run_tasks(client: Client, tasks: int, arrays: int, rounds: int, elements: int) -> tuple[float, float]:
    """Return the wall time of all tasks, and the processor time of the workers."""
    used = sum(client.run(time.process_time).values())
    start = time.perf_counter()
    wait(client.map(compute, range(tasks), arrays=arrays, rounds=rounds, elements=elements, pure=False))
    wall = time.perf_counter() - start
    return wall, sum(client.run(time.process_time).values()) - used


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", action="store_true", help="one process for all workers")
    parser.add_argument("--arrays", type=int, default=50, help="arrays that each task allocates, at least")
    parser.add_argument("--elements", type=int, default=1000, help="elements that are added to at a time")
    options = parser.parse_args()
    plain: list[tuple[float, float]] = []
    tracked: list[tuple[float, float]] = []
    work = (options.tasks, options.arrays, calibrate(options.arrays, options.elements), options.elements)
    with (
        LocalCluster(
            n_workers=options.workers, threads_per_worker=1, processes=not options.threads, dashboard_address=":0"
        ) as cluster,
        Client(cluster) as client,
    ):
        run_tasks(client, *work)  # imports, caches
        for _ in range(options.pairs):
            plain.append(run_tasks(client, *work))
            with ndmem.dask.track(client):
                tracked.append(run_tasks(client, *work))
            (wall, processor), (wall_after, processor_after) = plain[-1], tracked[-1]
            print(
                f"wall {wall:.3f} → {wall_after:.3f} s, processor {processor:.3f} → {processor_after:.3f} s", flush=True
            )
    for name, number in (("wall", 0), ("processor", 1)):
        before, after = (statistics.median(each[number] for each in times) for times in (plain, tracked))
        print(f"{name} time, medians: {before:.3f} → {after:.3f} s, {after / before - 1:+.1%}")


if __name__ == "__main__":
    main()
