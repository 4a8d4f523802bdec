"""Enforce a budget for a block of code, or for the calls of a function."""

from __future__ import annotations

import enum
import functools
import inspect
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from ndmem import _native
from ndmem.errors import BudgetExceeded, TrackingError, UnitError
from ndmem.tracking.recorder import DEFAULT_THRESHOLD, untracked
from ndmem.tracking.support import check_support, find_numpy_obstacle
from ndmem.units import format_nbytes
from ndmem.weighing.objects import weigh_objects

from .amount import check_factor, read_budget
from .excess import came_from, kinds, read_excess
from .live_bytes import adopt_all
from .unused import warn_when_discarded

if TYPE_CHECKING:
    import weakref
    from collections.abc import Callable
    from types import TracebackType
    from typing import TypeVar

    from .excess import Excess

    _F = TypeVar("_F", bound=Callable[..., Any])


class Reach(enum.Enum):
    """The scope of a budget: the arrays that it counts."""

    PROCESS = "process"
    THREAD = "thread"


class Limit:
    """A budget for the arrays of a block or of a function's calls; `ndmem.limit` returns it.

    Attributes
    ----------
    excess : Excess or None
        The last allocation that exceeded the budget, after it was raised, warned about or passed to the callback.
    live, peak : int
        Bytes that the budget counts now, and the most that it counted at a time, also after the block.
    """

    def __init__(
        self,
        budget: int | str | None,
        *,
        factor: float | None,
        scope: Reach,
        tell: Callable[[Excess], object] | None,
        resident: bool,
    ) -> None:
        if (budget is None) == (factor is None):
            raise UnitError("give either a budget or a factor: limit('4 GiB') or limit(factor=2.0)")
        if resident and (factor is not None or scope is Reach.THREAD):
            raise UnitError(
                "resident=True measures the process; use it with a budget, without factor= and scope='thread'"
            )
        if factor is not None:
            check_factor(factor)
        elif budget is not None:
            # Report a mistake here, where the user wrote it, and not at the begin of the block.
            read_budget(budget)
        self._budget = budget
        self._factor = factor
        self._scope = scope
        self._tell = tell
        self._resident = resident
        self._native: _native.Limit | None = None
        self._peak = 0
        self._nbytes = 0
        self._told = 0
        self._until_used: weakref.finalize[..., Any] | None = None
        self.excess: Excess | None = None

    def warn_if_unused(self) -> Limit:
        """Warn at the caller's line if this limit is discarded without having been used."""
        amount = f"factor={self._factor!r}" if self._budget is None else repr(self._budget)
        self._until_used = warn_when_discarded(self, amount)
        return self

    def _mark_used(self) -> None:
        if self._until_used is not None:
            self._until_used.detach()

    def __enter__(self) -> Limit:
        __tracebackhide__ = True  # IPython and pytest leave the frame out
        self._mark_used()
        if self._factor is not None or self._budget is None:
            raise TrackingError("factor= is relative to a call's arguments: use limit(factor=...) as a decorator")
        self._begin(self._budget, everything=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        native = self._native
        if native is None:
            return
        try:
            if native.armed and self._tell is None and isinstance(error, MemoryError) and came_from(error, native):
                self.excess = self._describe(native, error.__traceback__)
                raise BudgetExceeded(str(self.excess), excess=self.excess) from error
            # CPython runs pending calls only in the main thread, which may be waiting for this one.
            self._on_excess()
        finally:
            self._peak = native.peak
            native.disarm()
            self._native = None

    @property
    def live(self) -> int:
        """Bytes that the budget counts now; 0 if it is not in force."""
        return 0 if self._native is None else self._native.live

    @property
    def peak(self) -> int:
        """The most bytes that the budget counted at a time; also after the block, and 0 before it."""
        return self._peak if self._native is None else self._native.peak

    def __call__(self, function: _F) -> _F:
        """Limit each call of a function."""
        self._mark_used()
        if inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
            raise TrackingError(f"{function.__qualname__} is a generator: set the limit inside it, around its work")
        if not callable(function):
            raise TrackingError(
                f"{function!r} is not a function; a limit is for a block or for the calls of a function"
            )
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def call_later(*args: Any, **kwargs: Any) -> Any:
                with self._of_call(function, args, kwargs):
                    return await function(*args, **kwargs)

            return call_later  # type: ignore[return-value]  # functools.wraps gives it the function's signature

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            with self._of_call(function, args, kwargs):
                return function(*args, **kwargs)

        return call  # type: ignore[return-value]  # functools.wraps gives it the function's signature

    def _of_call(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Call:
        """Return a separate limit for one call: calls may overlap."""
        limit = Limit(self._budget, factor=self._factor, scope=self._scope, tell=self._tell, resident=self._resident)
        if self._factor is None:
            return _Call(limit, self._budget or 0, everything=True)
        with untracked():
            weight = weigh_objects((args, kwargs)).logical
        if not weight:
            name = getattr(function, "__qualname__", repr(function))
            raise UnitError(f"factor={self._factor}: the arguments of {name} contain no array; give a budget in bytes")
        return _Call(limit, int(weight * self._factor), everything=False)

    def _begin(self, budget: int | str, *, everything: bool) -> None:
        __tracebackhide__ = True  # IPython and pytest leave the frame out
        check_support()
        obstacle = find_numpy_obstacle(np.__version__)
        if obstacle:
            raise TrackingError(f"a limit cannot be set: {obstacle}")
        if self._native is not None:
            raise TrackingError("this limit is already in force; create another one with ndmem.limit()")
        native = _native.Limit(notify=None if self._tell is None else self._on_excess, resident=self._resident)
        everything = everything and self._scope is Reach.PROCESS
        complete = native.arm(
            _native.running_threshold() or DEFAULT_THRESHOLD,
            everything=everything,
            thread=self._scope is Reach.THREAD,
        )
        self._native, self.excess, self._told = native, None, 0
        try:
            if everything and not complete:
                adopt_all()
            self._nbytes = read_budget(budget, live=native.live)
            self._check_live(native)
            native.enforce(self._nbytes)
        except BaseException:
            native.disarm()
            self._native = None
            raise

    def _check_live(self, native: _native.Limit) -> None:
        __tracebackhide__ = True  # IPython and pytest leave the frame out
        if native.live <= self._nbytes or self._resident:
            return
        self.excess = self._describe(native, None)
        if self._tell is not None:
            self._tell(self.excess)
            return
        rows = str(self.excess).split("\n")[1:]
        first = (
            f"the budget of {format_nbytes(self._nbytes)} is already exceeded: "
            f"{format_nbytes(native.live)} {self._what} are live; free some first, or allow more"
        )
        raise BudgetExceeded("\n".join([first, *rows]), excess=self.excess)

    def _on_excess(self) -> None:
        """Report a new excess: between two instructions of the program, or at the end of the limit."""
        native = self._native
        if native is None or not native.armed or self._tell is None or native.excess is None:
            return
        count = native.excess[3]
        if count != self._told:
            self._told = count  # before describing it, which may let another thread run this method
            self.excess = self._describe(native, None)
            self._tell(self.excess)

    def _describe(self, native: _native.Limit, traceback: TracebackType | None) -> Excess:
        everything = self._factor is None and self._scope is Reach.PROCESS
        return read_excess(native, self._nbytes, what=self._what, everything=everything, traceback=traceback)

    @property
    def _what(self) -> str:
        if self._scope is Reach.THREAD:
            return f"{kinds()} of this thread"
        return f"{kinds()} allocated in the call" if self._factor is not None else kinds()


class _Call:
    """A limit around one call.

    Parameters
    ----------
    limit : Limit
        Not in force yet.
    budget : int or str
        The bytes that it will allow.
    everything : bool
        Also count arrays that were allocated before the call.
    """

    def __init__(self, limit: Limit, budget: int | str, *, everything: bool) -> None:
        self._limit = limit
        self._budget = budget
        self._everything = everything

    def __enter__(self) -> Limit:
        __tracebackhide__ = True  # IPython and pytest leave the frame out
        self._limit._begin(self._budget, everything=self._everything)
        return self._limit

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._limit.__exit__(kind, error, traceback)


def make_limit(
    budget: int | str | None,
    *,
    factor: float | None,
    scope: Reach | str,
    warn: bool,
    callback: Callable[[Excess], object] | None,
    resident: bool,
) -> Limit:
    """Return a limit with the options of `ndmem.limit`."""
    try:
        reach = Reach(scope)
    except ValueError:
        raise UnitError(f"scope={scope!r} is not a valid scope; write 'process' or 'thread'") from None
    if warn and callback is not None:
        raise UnitError("warn=True and callback= exclude each other; warn inside the callback")
    tell = _warn if warn else callback
    return Limit(budget, factor=factor, scope=reach, tell=tell, resident=resident).warn_if_unused()


def _warn(excess: Excess) -> None:
    """Warn at the line of the allocation."""
    if excess.site is None:
        warnings.warn(str(excess), RuntimeWarning, stacklevel=2)
    else:
        warnings.warn_explicit(str(excess), RuntimeWarning, excess.site.filename, excess.site.lineno)
