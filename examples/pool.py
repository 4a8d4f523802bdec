"""Estimate the error of a mean with the bootstrap; a pool of forked processes computes the draws.

The workers share the table until one of them writes to it. But each worker draws with ``table[rows]``, which copies the
whole table, and the difference from the mean is another copy: four workers hold eight copies of 62 MB at a time. To
draw the number of times that each row is taken (``rng.multinomial``) and to weight the rows with it needs 2.4 MB.
"""

import multiprocessing

import numpy as np

ROWS, COLUMNS, DRAWS, WORKERS = 300_000, 26, 12, 4

table = np.random.default_rng(1).standard_normal((ROWS, COLUMNS))


def draw_mean(seed: int) -> float:
    """Return the mean of the first column in one draw of as many rows, with replacement."""
    rows = np.random.default_rng(seed).integers(0, ROWS, ROWS)
    drawn = table[rows]
    centred = drawn - table.mean(axis=0)
    return float(centred[:, 0].mean())


def main() -> None:
    """Draw in all workers and print the spread of the means."""
    with multiprocessing.get_context("fork").Pool(WORKERS) as pool:
        means = pool.map(draw_mean, range(DRAWS), chunksize=1)
        pool.close()
        pool.join()
    print(f"mean of {ROWS:,} rows: known to {np.std(means):.4f}, expected {1 / np.sqrt(ROWS):.4f}")


if __name__ == "__main__":
    main()
