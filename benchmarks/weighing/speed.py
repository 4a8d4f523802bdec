"""How long `weigh` takes beside pympler's asizeof and dask's sizeof, as ratios of one interleaved run.

ndmem registers itself with dask, so that dask would be timed with ndmem inside: its entry point is hidden here. dask
looks at ten items of a longer list or dict, chosen at random; "every item" is dask with its sampling taken out.
"""

import statistics
import time
from itertools import chain

import importlib_metadata  # what dask asks
import numpy as np
import pandas as pd
from pympler import asizeof

from ndmem.weighing import weigh

ROUNDS = 9
_entry_points = importlib_metadata.entry_points


def _without_ours(**selected):
    found = _entry_points(**selected)
    return [] if selected.get("group") == "dask.sizeof" else found


importlib_metadata.entry_points = _without_ours
from dask.sizeof import sizeof  # noqa: E402  # after the entry point is hidden

importlib_metadata.entry_points = _entry_points
assert not sizeof.dispatch(list).__module__.startswith("ndmem")


def every_item(thing):
    """Sum over all items what dask says, where its own sum is of ten and a factor."""
    if type(thing) is dict:
        return sizeof([]) + sum(map(every_item, chain(thing.keys(), thing.values())))
    if type(thing) in (list, tuple):
        return sizeof([]) + sum(map(every_item, thing))
    return sizeof(thing)


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


def nbytes(array):
    """What a single array's work is measured against."""
    return array.nbytes


ASKED = {"ndmem": weigh, "pympler": asizeof.asizeof, "dask": sizeof, "every item": every_item, ".nbytes": nbytes}

if __name__ == "__main__":
    print("| what | " + " | ".join(f"{name}, µs" for name in ASKED) + " | pympler / ndmem | ndmem / every item |")
    print("|---|" + "--:|" * (len(ASKED) + 2))
    for what, thing in CASES.items():
        repeats = 500 if what.startswith("one") else 3
        asked = {name: f for name, f in ASKED.items() if name != ".nbytes" or what.startswith("one")}
        rounds = [[seconds(f, thing, repeats) for f in asked.values()] for _ in range(ROUNDS)]
        took = dict(zip(asked, (statistics.median(column) * 1e6 for column in zip(*rounds, strict=True)), strict=True))
        cells = [f"{took[name]:,.1f}" if name in took else "" for name in ASKED]
        ratios = f"{took['pympler'] / took['ndmem']:.1f} | {took['ndmem'] / took['every item']:.2f}"
        print(f"| {what} | {' | '.join(cells)} | {ratios} |")
