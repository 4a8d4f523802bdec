"""Functions whose sizes follow the values."""

from typing import Any

import numpy as np
from families.case import from_arguments, from_make, from_specs


def largest_part(x: Any) -> Any:
    """Return the sorted top of a distribution."""
    return np.sort(x[x > x.mean() + x.std()])


def unique_rows(cells: Any) -> Any:
    return np.unique(cells, axis=0, return_counts=True)


def histogram_by_spread(x: Any) -> Any:
    counts, edges = np.histogram(x, bins="fd")
    return counts / np.diff(edges)


def sum_duplicates(rows: Any, columns: Any, values: Any) -> Any:
    from scipy import sparse

    matrix = sparse.coo_matrix((values, (rows, columns))).tocsr()
    return matrix, np.diff(matrix.indptr)


def sessions(frame: Any) -> Any:
    gaps = frame["time"].diff() > 30
    return frame.assign(session=gaps.cumsum()).groupby("session")["amount"].agg(["sum", "count"])


def adaptive_grid(x: Any) -> Any:
    while True:
        middle = (x[1:] + x[:-1]) / 2
        rough = np.abs(np.diff(np.sin(50 * x))) > 0.05
        if not rough.any():
            return x
        x = np.sort(np.concatenate([x, middle[rough]]))


def _incomes(n: int) -> Any:
    return np.random.default_rng(41).lognormal(10, 1.2, n)


def _cells(n: int) -> Any:
    return np.random.default_rng(42).integers(0, 900, (n, 2))


def _triples(n: int) -> tuple[Any, ...]:
    rng = np.random.default_rng(43)
    return np.minimum(rng.zipf(1.4, n), 20_000), np.minimum(rng.zipf(1.4, n), 20_000), rng.random(n)


def _clicks(n: int) -> Any:
    import pandas as pd

    rng = np.random.default_rng(44)
    return pd.DataFrame({"time": np.cumsum(rng.exponential(8, n)), "amount": rng.random(n)})


CASES = (
    from_arguments(largest_part, _incomes, n=20_000_000),
    from_arguments(unique_rows, _cells, n=1_500_000),
    from_specs(histogram_by_spread, "f8[n]", n=10_000_000),
    from_arguments(sum_duplicates, _triples, n=4_000_000),
    from_make(sessions, _clicks, n=5_000_000),
    from_make(adaptive_grid, lambda n: np.linspace(0, 100, n), n=200_000),
)
