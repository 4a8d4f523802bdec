"""The messages of a limit, and the ways to use one."""

import asyncio
import contextlib
import os
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.forking import forks

import ndmem
from ndmem import _native
from ndmem.budgets.excess import Excess
from ndmem.errors import BudgetExceeded, NdmemError, TrackingError, UnitError

from .allocation_programs import make_empty


def _work(nbytes: int) -> int:
    mine = make_empty(nbytes)
    return mine.nbytes + make_empty(nbytes).nbytes


def test_what_leaves_the_block_says_what_happened() -> None:
    """The error has what was asked, where, what is live, and the largest arrays by name; NumPy's own is its cause."""
    with pytest.raises(BudgetExceeded) as caught, ndmem.limit(3_000_000, scope="thread") as budget:
        _work(2_000_000)
    assert isinstance(caught.value, MemoryError)
    assert isinstance(caught.value, NdmemError)
    assert isinstance(caught.value.__cause__, MemoryError)
    excess = budget.excess
    assert excess is not None
    assert (excess.budget, excess.asked, excess.live) == (3_000_000, 2_000_000, 2_000_000)
    assert excess.site is not None
    assert excess.site.function == "make_empty"
    assert [(row.nbytes, row.names) for row in excess.largest] == [(2_000_000, ("mine in _work",))]
    assert str(caught.value).startswith("1.91 MiB more at ")
    assert "would exceed the budget of 2.86 MiB: 1.91 MiB of arrays of this thread are live" in str(caught.value)


def test_an_error_of_the_program_stays_its_own() -> None:
    """Only what comes from a refusal becomes BudgetExceeded, however many were caught before."""
    mine = MemoryError("mine")

    def work() -> None:
        with ndmem.limit(1000, scope="thread"):
            with contextlib.suppress(MemoryError):
                make_empty(2000)
            raise mine

    with pytest.raises(MemoryError) as caught:
        work()
    assert caught.value is mine
    other = ValueError("other")
    with pytest.raises(ValueError, match="other"), ndmem.limit(1000, scope="thread"):
        raise other


def test_a_refusal_that_was_raised_again_is_still_one() -> None:
    """A MemoryError that the program made of ours becomes BudgetExceeded."""

    def load() -> None:
        try:
            make_empty(2000)
        except MemoryError as error:
            raise MemoryError("cannot load") from error

    with pytest.raises(BudgetExceeded), ndmem.limit(1000, scope="thread"):
        load()


def test_the_limit_that_refused_is_the_one_that_speaks() -> None:
    """An error by the outer limit leaves the inner block as NumPy's, and the outer one as ours."""

    def work() -> None:
        with ndmem.limit(5000, scope="thread"):
            make_empty(2000)

    with ndmem.limit(1000, scope="thread"), pytest.raises(MemoryError) as inner:
        work()
    assert not isinstance(inner.value, BudgetExceeded)
    with pytest.raises(BudgetExceeded, match="budget of 1000 B"), ndmem.limit(1000, scope="thread"):
        work()


def test_a_budget_below_what_is_live_is_said_at_once() -> None:
    """The block does not begin, and the live arrays are named."""
    in_the_way = make_empty(50_000_000)
    ran = False
    with pytest.raises(BudgetExceeded, match="is already exceeded") as caught, ndmem.limit("1 MiB"):
        ran = True
    assert not ran
    assert "in_the_way" in str(caught.value)
    assert in_the_way.nbytes == 50_000_000
    assert _native.running_threshold() == 0


def test_a_warning_comes_from_the_line_that_asked() -> None:
    """With warn=True the allocation happens, and one warning points to its line."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        with ndmem.limit(1000, scope="thread", warn=True):
            kept = [make_empty(2000), make_empty(3000)]
    assert len(kept) == 2
    assert [(each.category, Path(each.filename).name) for each in seen] == [(RuntimeWarning, "allocation_programs.py")]


def test_a_callback_is_called_each_time_the_budget_is_passed_anew() -> None:
    """It gets the excess: once while the bytes stay beyond, and again after they came back."""
    seen: list[Excess] = []
    with ndmem.limit(1000, scope="thread", callback=seen.append):
        first = make_empty(2000)
        make_empty(10)
        del first
        make_empty(10)
        make_empty(3000)
    assert [(each.asked, each.live) for each in seen] == [(2000, 0), (3000, 0)]


def test_an_excess_in_a_thread_that_the_main_thread_joins_is_told() -> None:
    """Each limit that a worker thread passes and leaves is told once, whatever the main thread waits for."""
    seen: list[Excess] = []

    def work() -> None:
        with ndmem.limit(1000, scope="thread", callback=seen.append):
            make_empty(2000)

    for _ in range(3):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert [each.asked for each in seen] == [2000] * 3


def test_an_excess_before_an_error_of_the_block_is_told_in_a_thread() -> None:
    """The error of the block comes out as it is, after the excess was told."""
    seen: list[object] = []

    def work() -> None:
        try:
            with ndmem.limit(1000, scope="thread", callback=seen.append):
                make_empty(2000)
                raise KeyError("own")
        except KeyError as error:
            seen.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert [type(each) for each in seen] == [Excess, KeyError]


def test_a_warning_that_is_an_error_is_raised() -> None:
    """Warnings turned into errors come out of the block."""

    def work() -> None:
        with ndmem.limit(1000, scope="thread", warn=True):
            make_empty(2000)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RuntimeWarning):
            work()


def test_coroutines_are_bound() -> None:
    """A decorated coroutine function stays one, and each call is bound."""

    @ndmem.limit(1000, scope="thread")
    async def load(nbytes: int) -> int:
        await asyncio.sleep(0)
        return make_empty(nbytes).nbytes

    assert asyncio.run(load(1000)) == 1000
    with pytest.raises(BudgetExceeded):
        asyncio.run(load(1001))


def test_calls_of_a_decorated_function_may_nest() -> None:
    """A function that calls itself has a limit for each call, and its name and text stay."""

    @ndmem.limit(10_000, scope="thread")
    def countdown(left: int) -> int:
        """Count."""
        return 0 if left == 0 else make_empty(10).nbytes + countdown(left - 1)

    assert countdown(5) == 50
    assert (countdown.__name__, countdown.__doc__) == ("countdown", "Count.")


def test_after_the_block_all_is_as_before() -> None:
    """Nothing is refused after a limit, nor does the tracker run, whichever way the block was left."""
    with ndmem.limit(1000, scope="thread"):
        pass
    with pytest.raises(KeyError), ndmem.limit(1000, scope="thread"):
        raise KeyError
    with pytest.raises(BudgetExceeded), ndmem.limit(1000, scope="thread"):
        make_empty(2000)
    assert _native.running_threshold() == 0
    assert make_empty(2000).nbytes == 2000


def test_a_limit_does_not_disturb_a_tracked_run() -> None:
    """A run tracked around and inside a limit has its own figures."""
    with ndmem.track() as around:
        first = make_empty(10_000)
        with ndmem.limit("1 TiB"), ndmem.track() as inside:
            second = make_empty(20_000)
        del first
    assert (around.peak, around.live, inside.peak, inside.live) == (30_000, 20_000, 20_000, 20_000)
    assert second.nbytes == 20_000


@forks
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_is_not_bound() -> None:
    """The limit of a parent does not hold in its child, which may leave the block."""
    with ndmem.limit(1000, scope="thread"):
        child = os.fork()
        if child == 0:
            os._exit(0 if make_empty(2000).nbytes == 2000 else 1)
        _, status = os.waitpid(child, 0)
    assert status == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "give either a budget or a factor"),
        ({"budget": 1, "factor": 2.0}, "give either a budget or a factor"),
        ({"budget": "4 XB"}, "'4 XB' is not a budget"),
        ({"budget": -1}, "out of range"),
        ({"budget": "-4 GiB"}, "is not a budget"),
        ({"budget": float("nan")}, "nan is not a number of bytes"),
        ({"budget": "0%"}, "out of range"),
        ({"budget": "101 %"}, "out of range"),
        ({"factor": 0}, "factor=0 is not a number above 0"),
        ({"factor": float("nan")}, "factor=nan"),
        ({"factor": -1.0}, "factor=-1.0"),
        ({"budget": 1, "scope": "machine"}, "write 'process' or 'thread'"),
        ({"budget": 1, "warn": True, "callback": print}, "exclude each other"),
        ({"budget": 1, "scope": "thread", "resident": True}, "resident=True measures the process"),
        ({"factor": 1.0, "resident": True}, "resident=True measures the process"),
    ],
)
def test_bad_budgets_are_refused_where_they_are_written(options: dict[str, object], message: str) -> None:
    """Each mistake is one line, before any code is bound."""
    with pytest.raises(UnitError, match=message) as caught:
        ndmem.limit(**options)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_what_a_limit_cannot_be_used_for_is_said() -> None:
    """A factor without arguments, a generator, a non-callable and a nested second use have one line each."""
    with pytest.raises(TrackingError, match="factor= is relative to a call"), ndmem.limit(factor=2.0):
        pass
    with pytest.raises(UnitError, match="contain no array"):
        ndmem.limit(factor=2.0)(lambda x: x)([1, 2])

    def generate() -> Iterator[int]:
        yield 1

    with pytest.raises(TrackingError, match="is a generator"):
        ndmem.limit(1)(generate)
    with pytest.raises(TrackingError, match="is not a function"):
        ndmem.limit(1)(3)  # type: ignore[type-var]
    limit = ndmem.limit("1 TiB")
    with limit, pytest.raises(TrackingError, match="already in force"), limit:
        pass
    assert _native.running_threshold() == 0


def test_the_core_refuses_what_it_cannot_do() -> None:
    """Budgets and thresholds out of range, arming twice, and more limits than there is room for are errors."""
    native = _native.Limit()
    with pytest.raises(ValueError, match="threshold must be 1 to 1073741824 bytes, not 0"):
        native.arm(0)
    with pytest.raises(ValueError, match="budget must be 0 bytes or more, not -1"):
        native.enforce(-1)
    native.arm(4096)
    with pytest.raises(RuntimeError, match="is armed already; disarm it first"):
        native.arm(4096)
    others = [_native.Limit() for _ in range(63)]
    for other in others:
        other.arm(4096)
    with pytest.raises(RuntimeError, match="64 limits are in force"):
        _native.Limit().arm(4096)
    for other in [native, *others]:
        other.disarm()
    native.disarm()
    assert not native.armed
    assert np.ones(3).sum() == 3
