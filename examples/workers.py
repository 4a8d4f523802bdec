"""Standardise the columns of a table in two parts, each in its own process."""

import multiprocessing

import numpy as np

table = np.random.default_rng(1).standard_normal((400_000, 8))


def standardise(columns: slice) -> float:
    """Return the sum of some columns of the table after their means are subtracted and their spreads divided out."""
    part = table[:, columns]
    centred = part - part.mean(axis=0)
    return float((centred / centred.std(axis=0)).sum())


def main() -> None:
    """Work on both halves at once."""
    halves = [slice(0, 4), slice(4, 8)]
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=standardise, args=(columns,)) for columns in halves]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    main()
