"""Equal arrays: which are compared, and what is found of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ndmem import _native
from ndmem.tracking.agent.deep.equal_arrays import EqualArrays

N = 50_000


@pytest.fixture
def recorded() -> Any:
    """Record while the test runs: only arrays in recorded buffers are compared."""
    recording = _native.Recording(4096)
    recording.start()
    yield recording
    recording.stop()


def _found(*looks: list[Any]) -> list[tuple[int, int, int]]:
    """Return count, distinct contents and bytes of what is found after some looks."""
    equal = EqualArrays(_native)
    for arrays in looks:
        equal.look_at(arrays)
    return [(each["count"], each["distinct"], each["nbytes"]) for each in equal.describe()]


@pytest.mark.usefixtures("recorded")
def test_equal_contents_are_counted() -> None:
    """Arrays of one stack with one or two contents are found, by their bytes: -0.0 differs from 0.0, NaN equals NaN."""
    assert _found([np.arange(N) for _ in range(6)]) == [(6, 1, 8 * N)]
    assert _found([np.full(N, number % 2) for number in range(6)]) == [(6, 2, 8 * N)]
    assert _found([np.full(N, np.nan) for _ in range(4)]) == [(4, 1, 8 * N)]
    assert _found([np.full(N, zero) for zero in (0.0, -0.0, 0.0, -0.0, 0.0, -0.0)]) == [(6, 2, 8 * N)]


@pytest.mark.usefixtures("recorded")
def test_what_differs_is_not_found() -> None:
    """Arrays with a content each, few arrays, small ones, views and objects are not found."""
    assert _found([np.arange(N) + number for number in range(6)]) == []
    late = [np.zeros(N) for _ in range(6)]
    for number, array in enumerate(late):
        array[-1] = number
    assert _found(late) == []
    assert _found([np.arange(N) for _ in range(3)]) == []
    assert _found([np.arange(1000) for _ in range(6)]) == []
    assert _found([np.arange(N)[1:] for _ in range(6)]) == []
    assert _found([np.full(N, None) for _ in range(6)]) == []


@pytest.mark.usefixtures("recorded")
def test_arrays_that_differ_later_are_not_found() -> None:
    """Where arrays of a stack once differed, nothing is said of it, whether that was before or after."""
    same = [np.zeros(N) for _ in range(6)]
    before = EqualArrays(_native)
    before.look_at(same)
    assert len(before.describe()) == 1
    for number, array in enumerate(same):
        array[:] += number
    before.look_at(same)
    assert before.describe() == []


@pytest.mark.usefixtures("recorded")
def test_a_container_that_lives_on_is_not_looked_at() -> None:
    """Only a container that nothing else holds ends with its variable: others may still be changed."""
    equal, items = EqualArrays(_native), [np.arange(N) for _ in range(6)]
    holders = [items] * 9
    equal.meet(items, items)
    assert equal.describe() == []
    del holders
    equal.meet(items, tuple(items))
    assert len(equal.describe()) == 1
