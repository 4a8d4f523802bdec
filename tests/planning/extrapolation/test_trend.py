"""The trend of measured peaks bounds an extrapolation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndmem.planning.extrapolation.trend import find_trend


def test_a_power_law_lies_within_its_own_trend() -> None:
    """Peaks of 3·n² at 10, 20 and 40 bound the peak at 80 around 3·80²: by a tenth of a power on either side."""
    low, high = find_trend([10, 20, 40], [300, 1200, 4800], 80) or (0, 0)
    assert (low, high) == (int(4800 * 2**1.9), int(4800 * 2**2.1))
    assert low <= 3 * 80**2 <= high


def test_a_high_degree_beyond_the_measured_growth_is_outside() -> None:
    """Peaks that double with the size do not reach a millionfold at a hundred times the size."""
    _, high = find_trend([100, 200, 400], [800, 1600, 3200], 40_000) or (0, 0)
    assert high < 3200 * 100**1.2


def test_only_the_last_two_growths_count() -> None:
    """A constant that dominates the smallest sizes does not lower the trend of the larger ones."""
    low, _ = find_trend([1, 10, 100, 1000], [1000, 1000, 10_000, 100_000], 10_000) or (0, 0)
    assert low == int(100_000 * 10**0.9)


@pytest.mark.parametrize(("sizes", "peaks"), [([], []), ([10], [5]), ([10, 20], [0, 5]), ([10, 10], [5, 6])])
def test_too_few_sizes_have_no_trend(sizes: list[float], peaks: list[int]) -> None:
    """One size, no memory, or one size twice show no growth."""
    assert find_trend(sizes, peaks, 100) is None


@given(st.lists(st.integers(1, 2**50), min_size=2, max_size=5), st.floats(1.0, 1e6))
def test_the_bounds_are_in_order(peaks: list[int], factor: float) -> None:
    """The lower bound is never above the upper one, and neither is negative."""
    sizes = [float(10 * 2**i) for i in range(len(peaks))]
    low, high = find_trend(sizes, peaks, sizes[-1] * factor) or (0, 0)
    assert 0 <= low <= high
