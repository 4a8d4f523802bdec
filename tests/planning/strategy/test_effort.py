"""The work of a run is counted, in units that do not depend on the machine."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.planning.extrapolation.synthetic import make_point

from ndmem.planning.strategy.effort import count_effort, extrapolate_lines


def test_events_bytes_and_lines_count() -> None:
    """Three events, 8 KiB of buffers twice and 40 lines are 3 + 2 + 2 units."""
    point = make_point(1, [("+", "f", 8192), ("+", "f", 8192), ("-", "f", 0)])
    assert count_effort(point, 40) == 7


def test_seconds_do_not_count() -> None:
    """A run that took longer is no more work."""
    steps = [("+", "f", 8192)]
    assert count_effort(make_point(1, steps, seconds=1e-6), 0) == count_effort(make_point(1, steps, seconds=100.0), 0)  # type: ignore[arg-type]


@given(st.integers(1, 10**4), st.integers(0, 3), st.integers(41, 10**5))
def test_lines_grow_as_they_did(count: int, power: int, n: int) -> None:
    """Lines that grew with a power of the length from n = 40 to 80 are extrapolated with this power."""
    scans = [({"n": 40}, count), ({"n": 80}, count * 2**power)]
    assert extrapolate_lines(scans, {"n": n}) == pytest.approx(count * (n / 40) ** power)


def test_one_scan_grows_in_proportion() -> None:
    """From one scan alone, the number of lines is proportional to the product of all lengths; without any it is 0."""
    assert extrapolate_lines([({"n": 40, "m": 10}, 100)], {"n": 80, "m": 20}) == pytest.approx(400)
    assert extrapolate_lines([], {"n": 80}) == 0
