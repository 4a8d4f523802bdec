"""How many rows a block has."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ndmem
from ndmem.scaling.amplification import Amplification
from ndmem.scaling.block import Phase
from ndmem.scaling.blocks.plan import MARGIN, Room, choose_plan
from ndmem.scaling.curve import Curve


def needs(for_row, constant=0.0):
    """Return an amplification whose function needs a constant and some bytes for each row."""
    none = Curve(0.0, 0.0, 0.0, 0.0)
    curves = {Phase.READ: none, Phase.FUNCTION: Curve(constant, for_row, 0.0, 0.0), Phase.WRITE: none}
    return Amplification("f", 8.0, (), curves, curves)


def test_the_largest_blocks_that_fit():
    """1,000 bytes a row, 2 threads and 0.95 * 1 MB - 150,000 bytes are 400 rows, of which 8 chunks of 48 are 384."""
    plan = choose_plan(needs(1000), Room(1_000_000, 150_000, 2), left=10_000, unit=48)
    assert (plan.rows, plan.threads, plan.peak_nbytes) == (384, 2, 150_000 + 2 * 384_000)
    assert plan.bound == "the budget"


def test_partial_results_that_wait_take_room():
    """Three partial results of 100,000 bytes wait beside two threads: 0.95 MB - 300,000 bytes are 325 rows each."""
    plan = choose_plan(needs(1000), Room(1_000_000, 0, 2, partial_nbytes=100_000), left=6_500, unit=1)
    assert (plan.rows, plan.waiting_nbytes) == (325, 300_000)


def test_fewer_threads_where_a_row_needs_much():
    """A constant of 300,000 bytes does not fit four times into 950,000, but three times."""
    plan = choose_plan(needs(1000, 300_000), Room(1_000_000, 0, 4), left=10_000, unit=1)
    assert plan.threads == 3
    assert "3 blocks at a time" in plan.bound


def test_few_rows_are_shared_by_the_threads():
    """100 rows and 4 threads are blocks of 25 rows, however large the budget is."""
    assert choose_plan(needs(1000), Room(10**12, 0, 4), left=100, unit=1).rows == 25


def test_blocks_are_whole_chunks_of_the_output():
    """Of 486 rows that fit, 262 are one chunk of the output, though a chunk of the source has 524."""
    plan = choose_plan(needs(1000), Room(1_000_000, 464_000, 1), left=10_000, unit=524, whole=262)
    assert plan.rows == 262
    assert "524 rows, so each is read 2 times" in plan.bound
    with pytest.raises(ndmem.ScalingError, match="a block of 500 rows needs"):
        choose_plan(needs(1000), Room(1_000_000, 464_000, 1), left=10_000, unit=500, whole=500)


def test_buffers_that_malloc_keeps_take_room():
    """Two threads have 475,000 bytes each, of which 100,000 are buffers: 375 rows, and limits of 400,000 for arrays."""
    plan = choose_plan(needs(1000), Room(1_000_000, 0, 2, buffer_nbytes=100_000), left=7_500, unit=1)
    assert (plan.rows, plan.block_nbytes, plan.array_nbytes) == (375, 475_000, 400_000)
    assert plan.peak_nbytes == 950_000


def test_a_part_of_the_arrays_is_kept():
    """Half of the 950 rows of 1,000 bytes are 475,000 bytes."""
    assert choose_plan(needs(1000), Room(1_000_000, 0, 1, kept_part=0.5), left=950, unit=1).kept_nbytes == 475_000


@pytest.mark.parametrize(
    ("left", "unit", "rows"),
    [
        pytest.param(1_425, 1, 357, id="475 rows fit: 4 blocks of 357 instead of 475, 475, 475"),
        pytest.param(1_901, 1, 317, id="6 blocks of 317 instead of 475, 475, 475, 475, 1"),
        pytest.param(1_901, 100, 400, id="6 blocks of 317 rows are whole chunks of 100"),
        pytest.param(1_901, 500, 317, id="no chunk fits"),
    ],
)
def test_all_threads_have_as_many_blocks(left, unit, rows):
    """Two threads that can have blocks of 475 rows get equally many, so that none waits for the last block."""
    plan = choose_plan(needs(1000), Room(1_000_000, 0, 2), left=left, unit=unit)
    assert (plan.rows, plan.peak_nbytes) == (rows, 2 * 1000 * rows)


def test_a_budget_that_is_too_small_says_the_least():
    """One row of 1,000 bytes above 5,000 needs 6,000 / 0.95 = 6,316 bytes, and with that budget there is a plan."""
    with pytest.raises(ndmem.ScalingError, match=r"6,316 bytes"):
        choose_plan(needs(1000), Room(5_500, 5_000, 2), left=10, unit=1)
    assert choose_plan(needs(1000), Room(6_316, 5_000, 2), left=10, unit=1).rows == 1


@given(
    for_row=st.integers(1, 10**6),
    constant=st.integers(0, 10**7),
    base=st.integers(0, 10**8),
    budget=st.integers(10**6, 10**10),
    threads=st.integers(1, 16),
    unit=st.integers(1, 1000),
)
def test_a_plan_keeps_the_budget(for_row, constant, base, budget, threads, unit):
    """Whatever a row needs, the predicted peak is within the budget less its margin, or there is no plan."""
    room = Room(budget, base, threads)
    try:
        plan = choose_plan(needs(for_row, constant), room, left=10**9, unit=unit)
    except ndmem.ScalingError:
        assert base + constant + for_row > budget * (1 - MARGIN) - 1
        return
    assert plan.peak_nbytes <= budget * (1 - MARGIN) + threads
    assert plan.rows < unit or plan.rows % unit == 0
