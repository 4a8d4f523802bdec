"""The estimate at a larger size, from runs that are written down."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndmem.planning.extrapolation.elision import THRESHOLD
from ndmem.planning.extrapolation.estimate import estimate_peak, peaks_by_place
from ndmem.planning.extrapolation.match import Point, StackNumbers
from ndmem.planning.extrapolation.size_line import Line

from .synthetic import Step, make_point

_TS = (4, 5, 6, 7, 8)
_LINE = Line({"n": 0}, {"n": 1}, 10**6)


def _points(make_steps: object, **options: object) -> list[Point]:
    numbers = StackNumbers()
    return [make_point(t, make_steps(t), numbers, **options) for t in _TS]  # type: ignore[operator]


def test_the_peak_may_be_at_another_line_than_in_the_small_runs() -> None:
    """8·n² bytes at g exceed the 1000·n at f only beyond n = 125: the peak of the real size is at g."""
    found = estimate_peak(_LINE, _points(lambda t: [("+", "f", 1000 * t), ("-", "f", 0), ("+", "g", 8 * t * t)]), 10**6)
    assert (found.nbytes, found.low, found.high) == (8 * 10**12,) * 3
    assert found.is_matched
    assert found.is_exact
    assert found.sizes is not None
    assert found.sizes.tolist() == [10**9, 8 * 10**12]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=12))
def test_matching_runs_are_replayed(plan: list[tuple[bool, int, int]]) -> None:
    """The estimate is the peak of the same births and deaths with the sizes of the target."""

    def steps(t: int) -> list[Step]:
        made: list[Step] = []
        alive: list[int] = []
        for is_birth, a, b in plan:
            if is_birth or not alive:
                alive.append(sum(sign == "+" for sign, _, _ in made))
                made.append(("+", f"f{a}", a * t * t + b * t))
            else:
                made.append(("-", "g", alive.pop(a % len(alive))))
        return made

    target = 20  # no buffer passes the threshold of temporaries: 50·400 + 50·20 bytes are fewer
    found = estimate_peak(_LINE, _points(steps), target)
    assert found.is_exact
    assert found.nbytes == make_point(target, steps(target)).peak


@pytest.mark.parametrize("is_operator", [False, True])
def test_reuse_that_no_run_showed_is_in_the_interval(is_operator: bool) -> None:
    """A + b + c has one array or two above 256 KiB; if both are operators the estimate is one, and two otherwise."""

    def make_steps(t: int) -> list[Step]:
        return [("+", "f", 8 * t * 100), ("+", "g", 8 * t * 100), ("-", "g", 0)]

    found = estimate_peak(_LINE, _points(make_steps, by_operator=np.full(3, is_operator)), 10**6)
    one = 8 * 10**6 * 100
    assert (found.low, found.high) == (one, 2 * one)
    assert found.nbytes == (one if is_operator else 2 * one)
    assert (found.reused is not None) is is_operator
    large = estimate_peak(
        _LINE, _points(lambda t: [("+", "f", THRESHOLD * t), ("+", "g", THRESHOLD * t), ("-", "g", 0)]), 9
    )
    assert large.low == large.high == 2 * 9 * THRESHOLD


def test_runs_that_differ_are_extrapolated_by_call_stack() -> None:
    """A loop that keeps n arrays of 8·n bytes has 8·n² bytes at its line; runs of other lengths do not match."""
    found = estimate_peak(_LINE, _points(lambda t: [("+", "f", 8 * t)] * t), 10**6)
    assert not found.is_matched
    assert found.sizes is None
    assert found.nbytes == 8 * 10**12
    assert list(found.place_peaks.values()) == [8 * 10**12]


def test_a_stack_that_only_large_runs_have_cannot_be_extrapolated() -> None:
    """If the highest stack is new in the largest run, the error is 100 %."""
    found = estimate_peak(
        _LINE, _points(lambda t: [("+", "f", 8 * t), *([("+", "g", 800)] if t == _TS[-1] else [])]), 10**6
    )
    assert not found.is_exact
    assert found.error >= 1.0


def test_highest_live_bytes_of_each_stack() -> None:
    """A stack has the highest live bytes of the whole program at its births."""
    point = make_point(1, [("+", "f", 100), ("+", "g", 50), ("-", "g", 0), ("+", "f", 10)])
    peaks = peaks_by_place(point, point.live())
    assert peaks == {int(point.place[0]): 100, int(point.place[1]): 150}
