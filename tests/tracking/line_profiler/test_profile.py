"""``@ndmem.profile``: exact figures of lines, for every kind of function, which otherwise stays what it is."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

import ndmem

from .profiles import figures, found, only, profiled


@profiled
def work(n: int, *, keep: bool = True) -> np.ndarray:
    """Allocate."""
    a = np.empty(n)
    for _ in range(3):
        np.empty(10 * n)
    b = np.empty(n) if keep else a
    del a
    return b


def test_figures_by_hand() -> None:
    """Count, peak, temporary and net of each line are the sums one does by hand, for each call anew."""
    for n in (100, 1000):
        found.clear()
        assert work(n).nbytes == 8 * n
        one = 8 * n
        assert only() == [
            (3, 1, one, 0, one),
            (4, 4, one, 0, 0),
            (5, 3, 11 * one, 10 * one, 0),
            (6, 1, 2 * one, 0, one),
            (7, 1, 2 * one, 0, -one),
            (8, 1, one, 0, 0),
        ]
        assert (found[0].peak_nbytes, found[0].function) == (11 * one, "work")
        assert found[0].filename == __file__


def test_what_was_there_before_does_not_count() -> None:
    """Bytes are counted from the start of the call: an older array that dies inside changes nothing."""
    held = [np.empty(5000)]

    @profiled
    def drop() -> None:
        held.clear()
        held.append(np.empty(10))

    drop()
    assert only() == [(2, 1, 0, 0, 0), (3, 1, 80, 0, 80)]


def test_function_is_unchanged_to_look_at() -> None:
    """Name, documentation, signature, kind and result of a profiled function are its own."""
    plain = inspect.unwrap(work)
    assert (work.__name__, work.__doc__, work.__module__) == ("work", "Allocate.", __name__)
    assert inspect.signature(work) == inspect.signature(plain)
    marker = object()
    assert ndmem.profile(report=found.append)(lambda *a, **k: (a, k, marker))(1, b=2) == ((1,), {"b": 2}, marker)


def test_methods() -> None:
    """Methods, class methods and static methods are bound as without the decorator, on either side of theirs."""

    class Thing:
        @profiled
        def method(self, n: int) -> tuple[object, int]:
            return self, np.empty(n).nbytes

        @profiled
        @classmethod
        def above(cls, n: int) -> tuple[object, int]:
            return cls, np.empty(n).nbytes

        @staticmethod
        @profiled
        def below(n: int) -> int:
            return np.empty(n).nbytes

        @property
        @profiled
        def size(self) -> int:
            return np.empty(3).nbytes

    thing = Thing()
    assert thing.method(10) == (thing, 80)
    assert Thing.above(10) == thing.above(10) == (Thing, 80)
    assert (Thing.below(10), thing.below(5), thing.size) == (80, 40, 24)
    assert [profile.peak_nbytes for profile in found] == [80, 80, 80, 80, 40, 24]
    assert [profile.lines[-1].count for profile in found] == [1] * 6


@profiled
def descend(n: int) -> int:
    """Hold an array at each depth."""
    a = np.empty(10)
    below = descend(n - 1) if n else 0
    return below + a.size


def test_recursion_counts_every_execution_once() -> None:
    """A call of itself belongs to the outermost call's profile: each line as often as it ran."""
    assert descend(4) == 50
    # The outermost call's own line 4 begins and ends with its one array, and has four more in between.
    assert only() == [(3, 5, 400, 0, 400), (4, 5, 400, 320, 0), (5, 5, 400, 0, -400)]


@profiled
def ping(n: int) -> int:
    """Call the other."""
    return pong(n - 1) if n else 0


@profiled
def pong(n: int) -> int:
    """Call the other."""
    return ping(n - 1) if n else 0


def test_mutual_recursion_counts_every_execution_once() -> None:
    """Two profiled functions that call each other each see their own lines, once an execution."""
    ping(5)
    assert [(profile.function, figures(profile)[0][1]) for profile in found] == [("pong", 3), ("ping", 3)]


def test_any_number_of_profiled_functions_may_be_nested() -> None:
    """Profiled functions inside each other take no more of the interpreter's tools than one."""

    def wrap(inner: Callable[[], int]) -> Callable[[], int]:
        names: dict[str, Any] = {"inner": inner}
        exec("def call(): return inner() + 1", names)  # own code, though equal
        return profiled(names["call"])

    function: Callable[[], int] = int
    for _ in range(20):
        function = wrap(function)
    assert function() == 20
    assert [profile.lines[-1].count for profile in found] == [1] * 20


def test_a_function_in_one_line() -> None:
    """A lambda, whose body begins where it begins itself, has its line, once a call."""
    assert ndmem.profile(report=found.append)(lambda n: np.empty(n))(5).nbytes == 40
    assert only() == [(0, 1, 40, 0, 40)]


def test_decorated_twice() -> None:
    """A function decorated twice is profiled twice, each right."""
    twice = ndmem.profile(report=found.append)(work)
    twice(100)
    assert len(found) == 2
    assert (
        figures(found[0])[:3]
        == figures(found[1])[:3]
        == [(3, 1, 800, 0, 800), (4, 4, 800, 0, 0), (5, 3, 8800, 8000, 0)]
    )
