"""The oracle against sums done by hand, against the truth table, and against what it must not change."""

import runpy
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from . import oracle
from .expectation import ProgramTruth
from .oracle import watch_arrays
from .truth import MANY_SMALL, PROGRAMS

PLACE = Path(__file__).parent / "programs"


@pytest.mark.parametrize("truth", [each for each in PROGRAMS if each is not MANY_SMALL], ids=lambda each: each.name)
def test_oracle_and_hand_agree_on_programs(truth: ProgramTruth) -> None:
    """Peak and live bytes of each program, summed by hand, are those of tracemalloc's array domain."""
    with watch_arrays() as seen:
        # The name keeps the program's globals, and with them its arrays, alive until the oracle has looked.
        variables = runpy.run_path(str(PLACE / f"{truth.name}.py"))
    assert (seen.peak_nbytes, seen.live_nbytes) == (truth.peak_nbytes, truth.live_nbytes_at_end)
    assert variables


def test_many_small_arrays_agree_with_tracemalloc() -> None:
    """Where nothing dies the peak is what is alive at the end: 40 000 births are too many for the oracle."""
    tracemalloc.start(1)
    try:
        variables = runpy.run_path(str(PLACE / f"{MANY_SMALL.name}.py"))
        traces = tracemalloc.take_snapshot().traces
        live_nbytes = sum(trace.size for trace in traces if trace.domain == 389047)
    finally:
        tracemalloc.stop()
    assert live_nbytes == MANY_SMALL.peak_nbytes == MANY_SMALL.live_nbytes_at_end
    assert variables


def test_temporary_that_dies_at_once_is_seen() -> None:
    """A buffer that no later allocation could have found alive still makes the peak."""
    with watch_arrays() as seen:
        np.empty(1_000)
    assert (seen.peak_nbytes, seen.live_nbytes, seen.births) == (8_000, 0, 1)


def test_older_arrays_count_neither_alive_nor_dying() -> None:
    """Arrays born before the block are not counted, and their death takes nothing off."""
    older = np.empty(5_000)
    with watch_arrays() as seen:
        younger = np.empty(100)
        del older
        last = np.empty(10)
    assert (seen.peak_nbytes, seen.live_nbytes) == (880, 880)
    del younger, last


def test_growth_by_realloc_counts_each_buffer_once() -> None:
    """An array that grows by reallocation is one buffer: the peak is its largest size, not their sum."""
    with watch_arrays() as seen:
        # fromiter grows its buffer by realloc and cuts it to 1 000 values of 8 bytes at the end.
        grown = np.fromiter((float(i) for i in range(1_000)), dtype=np.float64)
    assert seen.births > 1
    assert seen.live_nbytes == grown.nbytes == 8_000
    assert 8_000 <= seen.peak_nbytes < 16_000 <= seen.total_nbytes


def test_exception_passes_unchanged_and_frees_are_seen() -> None:
    """An error that frees operands on its way reaches the caller as it was; the memory is given back."""
    with watch_arrays() as seen, pytest.raises(ZeroDivisionError):
        print(np.empty(1_000) + np.empty(1_000), 1 / 0)
    assert seen.live_nbytes == 0
    # Below 256 KiB the sum is a third buffer beside its operands.
    assert seen.peak_nbytes == 24_000


def test_threads_are_seen() -> None:
    """A buffer that lives and dies in a thread started before the block counts in the peak."""
    go, done = threading.Event(), threading.Event()

    def work() -> None:
        go.wait()
        np.empty(2_000)
        done.set()

    worker = threading.Thread(target=work)
    worker.start()
    with watch_arrays() as seen:
        go.set()
        done.wait()
    worker.join()
    assert (seen.peak_nbytes, seen.births) == (16_000, 1)


def test_refuses_where_tracemalloc_traces() -> None:
    """With tracemalloc on, buffers born before would be counted: the oracle says so and touches nothing."""
    tracemalloc.start()
    try:
        with pytest.raises(RuntimeError, match="tracing already"), watch_arrays():
            pass
        assert tracemalloc.is_tracing()
    finally:
        tracemalloc.stop()


def test_says_so_if_the_allocator_was_not_put_back() -> None:
    """Somebody who replaces the allocator inside the block and leaves it replaced is not passed over."""
    handler = oracle._default_handler()
    before = oracle._functions(oracle._pointers(handler))
    try:
        with pytest.raises(RuntimeError, match="not put back"), watch_arrays():
            handler.malloc = before[0]
        assert not tracemalloc.is_tracing()
    finally:
        handler.malloc, handler.calloc, handler.realloc = before


def test_nothing_is_left_behind() -> None:
    """After the block, also one left by an exception, births are no longer counted and tracemalloc is off."""
    with pytest.raises(KeyError), watch_arrays() as seen:
        raise KeyError
    np.empty(1_000)
    assert seen.births == 0
    assert not tracemalloc.is_tracing()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 2_000)), max_size=25))
def test_random_births_and_deaths_agree_with_a_sum(steps: list[tuple[int, int]]) -> None:
    """For arrays put in random slots, each born beside the one it replaces, the peak is a running sum's."""
    live = [0] * 5
    peak = 0
    slots: list[object] = [None] * 5
    for slot, count in steps:
        peak = max(peak, sum(live) + count)
        live[slot] = count
    with watch_arrays() as seen:
        for slot, count in steps:
            slots[slot] = np.empty(count, dtype=np.uint8)
    assert (seen.peak_nbytes, seen.live_nbytes) == (peak, sum(live))
