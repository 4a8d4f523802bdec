"""How long `weigh` takes, as ratios to pympler's asizeof and dask's sizeof in one interleaved run.

dask looks at 10 items of a longer list or dict, chosen at random; `weigh` looks at all of them.
"""

import statistics
import time

import numpy as np
import pandas as pd
from dask.sizeof import sizeof
from pympler import asizeof

from ndmem.weighing import weigh

ROUNDS = 9


def nested():
    """100,000 Python objects, among them 1,000 arrays, in dicts of dicts."""
    groups = {f"g{i}": {f"k{j}": (float(j), [j + 1000, str(j) * 3]) for j in range(24)} for i in range(690)}
    for i in range(1000):
        (groups[f"g{i}"] if i < 690 else groups)[f"array{i}"] = np.ones(10)
    return groups


def seconds(function, thing, repeats):
    """Median time of a call."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function(thing)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


CASES = {
    "list of 10,000 arrays": [np.ones(100) for _ in range(10_000)],
    "nested dict of 100,000 objects": nested(),
    "frame of 1,000 columns": pd.DataFrame({f"c{i}": np.random.default_rng(i).random(1000) for i in range(1000)}),
    "one array": np.ones(1000),
    "one view": np.ones(1000)[:5],
}

if __name__ == "__main__":
    for name, thing in CASES.items():
        repeats = 3 if len(name) > 10 else 500
        rounds = [[seconds(f, thing, repeats) for f in (weigh, asizeof.asizeof, sizeof)] for _ in range(ROUNDS)]
        ours, pympler, dask = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(f"{name}: {ours * 1e3:.3f} ms; pympler / ours {pympler / ours:.1f}; ours / dask {ours / dask:.2f}")
