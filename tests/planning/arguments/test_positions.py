"""Positions of samples along an axis."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndmem.planning.arguments.real.positions import choose_positions
from ndmem.planning.arguments.real.sample_data import Sample

_LENGTHS = st.integers(1, 5000)


@given(_LENGTHS, _LENGTHS, st.sampled_from(Sample))
def test_positions_are_distinct_in_order_and_reach_both_ends(short: int, whole: int, sample: Sample) -> None:
    """A sample has the given number of different positions, in order, with the first and the last one."""
    positions = choose_positions(short, whole, sample)
    assert len(positions) == min(short, whole)
    assert (np.diff(positions) > 0).all()
    assert positions[0] == 0
    if len(positions) > 1:
        assert positions[-1] == whole - 1


@given(_LENGTHS, st.integers(1, 50), st.floats(0, 1))
def test_the_share_below_any_position_stays(short: int, factor: int, share: float) -> None:
    """Of a sample of strata, as many elements lie below any position as of the axis, but for one."""
    whole = short * factor
    below = (choose_positions(short, whole, Sample.FIRST) < share * whole).sum()
    assert abs(below - share * short) <= 2


def test_data_with_a_period_are_not_taken_at_one_phase() -> None:
    """Of an axis where every fourth element is marked, about a quarter of a sample is marked, whatever its length."""
    for short in (250, 500, 1000):
        marked = (choose_positions(short, 4000, Sample.FIRST) % 4 == 0).mean()
        assert marked == pytest.approx(0.25, abs=0.1)


def test_one_kind_of_sample_has_windows() -> None:
    """The uneven sample keeps neighbours: nearly all of its positions follow the one before."""
    steps = np.diff(choose_positions(10_000, 10_000_000, Sample.UNEVEN))
    assert (steps == 1).mean() > 0.98
    assert (np.diff(choose_positions(10_000, 10_000_000, Sample.FIRST)) == 1).mean() < 0.01


def test_samples_of_one_kind_are_repeatable_and_others_differ() -> None:
    """Axes of one length get the same positions; another kind of sample gets others."""
    first = choose_positions(100, 10_000, Sample.FIRST)
    assert np.array_equal(first, choose_positions(100, 10_000, Sample.FIRST))
    assert not np.array_equal(first, choose_positions(100, 10_000, Sample.SIGNED))
