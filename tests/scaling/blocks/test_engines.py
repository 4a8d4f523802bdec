"""Which block begins when."""

from __future__ import annotations

import pytest

from ndmem.scaling.blocks.engines import run_in_loop, run_on_threads

RANGES = [(9, 10), (10, 100), (100, 1_000), (1_000, 1_001)]
"""In order as numbers; as texts, 9 is the last."""


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_begin_blocks_in_order(threads):
    """Blocks begin in order, whatever the names of Dask's tasks, and each runs once."""
    begun, told = [], []

    def run(start, stop):
        begun.append((start, stop))
        return [(start, stop)]

    run_on_threads(run, RANGES, told.append, threads=threads)
    assert begun == RANGES or threads > 1  # between taking a block and noting it another thread may run
    assert sorted(told) == [[one] for one in RANGES] == [[one] for one in sorted(begun)]


def test_the_loop_runs_blocks_in_order():
    """One block after the other, each told when it has ended."""
    told = []
    run_in_loop(lambda start, stop: [(start, stop)], RANGES, told.append)
    assert told == [[one] for one in RANGES]
