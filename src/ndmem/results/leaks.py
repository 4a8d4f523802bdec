"""The public Leaks object, and the verb that finds them: what grows from call to call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, overload

from ndmem.advising.leaks import find_leaks, live_after
from ndmem.analysis.index import TraceIndex
from ndmem.model.advice.leak import CallGrowth, Leak
from ndmem.platform.gil_waits import short_gil_waits
from ndmem.reporting.memory.leak_list import list_leaks, summarize_leaks, tabulate_leaks
from ndmem.tracking.recorder import DEFAULT_THRESHOLD, untracked
from ndmem.tracking.repeated_calls import record_calls
from ndmem.weighing.live.cycles import find_cycle_holders
from ndmem.weighing.live.object_holders import find_object_holders


class Leaks(Sequence[Leak]):
    """What grows from call to call, the largest first; false if nothing does. Printing it shows who holds it.

    `ndmem.leaks` returns it.

    Attributes
    ----------
    growth : CallGrowth
        Live and resident bytes after each call.
    """

    def __init__(self, leaks: tuple[Leak, ...], growth: CallGrowth) -> None:
        self._leaks = leaks
        self.growth = growth

    @property
    def nbytes_per_call(self) -> int:
        """Bytes of arrays that a call adds, on average, without those that the garbage collector frees."""
        return sum(leak.nbytes_per_call for leak in self._leaks if not leak.is_cycle)

    @overload
    def __getitem__(self, place: int) -> Leak: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Leak, ...]: ...
    def __getitem__(self, place: int | slice) -> Leak | tuple[Leak, ...]:
        return self._leaks[place]

    def __len__(self) -> int:
        return len(self._leaks)

    def __iter__(self) -> Iterator[Leak]:
        return iter(self._leaks)

    def __str__(self) -> str:
        return list_leaks(self._leaks, self.growth)

    def __repr__(self) -> str:
        return f"<ndmem.Leaks {summarize_leaks(self._leaks, self.growth)}>"

    def _repr_html_(self) -> str:
        return tabulate_leaks(self._leaks, self.growth)


def leaks(func: Callable[..., object], /, *args: Any, repeat: int = 5, warmup: int = 1, **kwargs: Any) -> Leaks:
    """Call a function several times, and find the arrays that stay, again for each call.

    Parameters
    ----------
    func : callable
        Called with the other arguments; what it returns is dropped.
    *args, **kwargs
        Its arguments.
    repeat : int
        Measured calls, at least 2. A cache that holds at most half as many results is told from a leak.
    warmup : int
        Calls before them that are not measured: imports and tables that are filled once are then no growth.

    Returns
    -------
    Leaks
        Each expression that allocated arrays of at least 4 KiB that stayed after early and after late calls, with their
        bytes by call and what leads to them. Arrays that only a cycle of references holds until the garbage collector
        runs are marked so.

    Raises
    ------
    ValueError
        If `repeat` is less than 2, or `warmup` less than 0.
    TrackingError
        If tracking cannot work in this interpreter.

    Notes
    -----
    The garbage collector runs after each call and, so that cycles are seen, not during one. What `func` raises is
    raised.

    Examples
    --------
    >>> import numpy as np, ndmem
    >>> seen = []
    >>> found = ndmem.leaks(lambda: seen.append(np.ones(1000)))
    >>> found.nbytes_per_call
    8000
    """
    if repeat < 2:
        raise ValueError(f"repeat is {repeat}, but growth needs at least 2 calls")
    if warmup < 0:
        raise ValueError(f"warmup is {warmup}, but a number of calls is not negative")
    recorded = record_calls(
        partial(func, *args, **kwargs),
        repeat=repeat,
        warmup=warmup,
        threshold=DEFAULT_THRESHOLD,
        find_kept=partial(find_object_holders, smallest=DEFAULT_THRESHOLD),
        find_cycles=partial(find_cycle_holders, smallest=DEFAULT_THRESHOLD),
    )
    with untracked(), short_gil_waits():
        index = TraceIndex(recorded.trace)
        growth = CallGrowth(live_after(index, recorded.calls), recorded.resident_nbytes)
        return Leaks(find_leaks(index, recorded.calls), growth)
