"""Runs match if they have the same births and deaths, in order, at the same call stacks."""

import numpy as np
import pytest

from ndmem.model.columns import Domain
from ndmem.planning.extrapolation.match import (
    StackNumbers,
    birth_sizes,
    live_bytes,
    mark_operators,
    match,
    stack_sizes,
)

from .synthetic import Step, make_point, make_trace

_RUN: list[Step] = [("+", "f", 100), ("+", "f/g", 50), ("-", "f", 0), ("+", "f", 7)]


def _scaled(factor: int) -> list[Step]:
    return [(sign, stack, factor * value if sign == "+" else value) for sign, stack, value in _RUN]


def test_sizes_make_no_difference() -> None:
    """Runs that differ only in the bytes of their buffers match."""
    numbers = StackNumbers()
    points = [make_point(t, _scaled(t), numbers) for t in (1, 2, 3)]
    assert match(points)
    assert stack_sizes(points).tolist() == [[100, 50, 7], [200, 100, 14], [300, 150, 21]]


@pytest.mark.parametrize(
    "other",
    [
        _RUN[:3],
        [("+", "f", 100), ("+", "f", 50), ("-", "f", 0), ("+", "f", 7)],
        [("+", "f", 100), ("+", "f/g", 50), ("-", "f", 1), ("+", "f", 7)],
        [("+", "f", 100), ("+", "g", 50), ("-", "f", 0), ("+", "f", 7)],
    ],
    ids=["fewer events", "another stack", "another buffer", "another caller"],
)
def test_structure_makes_a_difference(other: list[Step]) -> None:
    """Runs with other events, call stacks or buffers do not match."""
    numbers = StackNumbers()
    assert not match([make_point(1, _RUN, numbers), make_point(2, other, numbers)])


def test_a_stack_has_one_number_in_all_runs() -> None:
    """The numbers do not depend on the order in which a run first reaches its stacks."""
    numbers = StackNumbers()
    first = make_point(1, [("+", "f", 1), ("+", "g", 1)], numbers)
    second = make_point(1, [("+", "g", 1), ("+", "a/g", 1), ("+", "f", 1)], numbers)
    assert first.place[0] == second.place[2]
    assert first.place[1] == second.place[0]
    assert second.place[1] not in first.place


def test_peak_and_bytes_at_the_end() -> None:
    """100 and 50 bytes are alive together; 50 and 7 at the end."""
    point = make_point(1, _RUN)
    assert point.live().tolist() == [100, 150, 50, 57]
    assert (point.peak, point.kept) == (150, 57)
    assert birth_sizes(point.events).tolist() == [100, 50, 7]


def test_a_run_without_events_has_no_bytes() -> None:
    """The peak of a run that allocates nothing is 0."""
    point = make_point(1, [])
    assert (point.peak, point.kept, point.nbytes.tolist()) == (0, 0, [])


def test_live_bytes_of_other_sizes() -> None:
    """The events are replayed with the sizes passed; a domain without events has none."""
    events = make_trace(_RUN).events
    assert live_bytes(events, np.array([1, 2, 4])).tolist() == [1, 3, 2, 6]
    assert live_bytes(events, np.array([1, 2, 4]), domain=Domain.NATIVE).tolist() == [0, 0, 0, 0]


def test_operators_are_marked_by_their_instruction() -> None:
    """Only nodes with the file, function and offset of an operator are marked."""
    trace = make_trace([("+", "f", 1), ("+", "f/g", 1)])
    names = [trace.sites[site].function for site in trace.tree.site.tolist()]
    offset = int(trace.tree.offset[names.index("g")])
    marks = mark_operators(trace, frozenset({("user.py", "g", offset), ("user.py", "f", offset)}))
    assert [name for name, mark in zip(names, marks.tolist(), strict=True) if mark] == ["g"]
