"""Sparse matrix times vector, row by row: hundreds of thousands of arrays of some hundred bytes."""

import numpy as np
from timing import run_timed


def multiply_sparse(rows: int = 20_000, mean_filled: int = 12, rounds: int = 50) -> float:
    """Multiply a random compressed-row matrix with a vector, again and again."""
    rng = np.random.default_rng(7)
    starts = np.concatenate([[0], np.cumsum(rng.integers(1, 2 * mean_filled, rows))]).tolist()
    columns, values = rng.integers(0, rows, starts[-1]), rng.normal(size=starts[-1])
    vector = np.ones(rows)
    for _ in range(rounds):
        product = np.empty(rows)
        for row in range(rows):
            filled = slice(starts[row], starts[row + 1])
            product[row] = values[filled] @ vector[columns[filled]]
        vector = product / np.abs(product).max()
    return float(vector.sum())


if __name__ == "__main__":
    run_timed(multiply_sparse)
