"""The public face: the verbs, wired to the parts that do the work."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any, overload

from .analysis.measure import Measure
from .analysis.moment import Moment
from .comparison import Comparison, DiffFormat
from .errors import ProcessError
from .reporting.diff_text import DiffBy
from .reporting.formats import Format
from .reporting.view import By
from .run import Run, TrackedRun
from .tracking.program import read_file
from .tracking.recorder import unseen
from .units import format_nbytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from .budgets.limit import Limit, Reach
    from .model.breakdown import Breakdown
    from .model.excess import Excess
    from .model.profile import FunctionProfile
    from .model.trace import Trace

    _F = TypeVar("_F", bound=Callable[..., Any])

__all__ = [
    "By", "Comparison", "DiffBy", "DiffFormat", "Format", "Measure", "Moment", "Run", "TrackedRun", "breakdown", "diff",
    "limit", "load", "profile", "track",
]  # fmt: skip


def track(*, threshold: int | str | None = None) -> TrackedRun:
    """Track the arrays of a block of code.

    Parameters
    ----------
    threshold : int or str, optional
        Buffers of this many bytes and more are single events, smaller ones are counted by line; 4 KiB.

    Returns
    -------
    TrackedRun
        To be used as ``with ndmem.track() as run:``, or with ``start()`` and ``stop()``.

    Examples
    --------
    >>> import numpy as np
    >>> with track() as run:
    ...     a = np.ones(1000)
    ...     b = a + 1
    >>> run.peak, run.live
    (16008, 16000)
    """
    return TrackedRun(threshold=threshold)


def breakdown(pid: int | None = None, *, trim: bool = False) -> Breakdown:
    """Say what the resident memory of a process (RSS) consists of.

    Parameters
    ----------
    pid : int, optional
        The process; this one if it is left out. Of another one the system shows only files, shared memory and stacks.
    trim : bool
        Let malloc give back what it keeps (``malloc_trim``), and show before and after. In this process alone.

    Returns
    -------
    Breakdown
        Parts in bytes that add up to ``rss`` with ``unexplained``. Prints as a sentence and a table.

    Raises
    ------
    ProcessError
        If there is no such process, or malloc cannot be trimmed.

    Examples
    --------
    >>> import numpy as np
    >>> a = np.ones(5_000_000)
    >>> found = breakdown()
    >>> sum(part or 0 for part in found.parts.values()) + found.unexplained == found.rss
    True
    """
    from .process.heap import trim_heap  # noqa: PLC0415  # only who asks pays for it
    from .process.outside import check_pid, outside  # noqa: PLC0415

    if pid is not None and check_pid(pid) != os.getpid():
        if trim:
            raise ProcessError(f"malloc can only be trimmed from inside: call ndmem.breakdown(trim=True) in {pid}")
        found = outside(pid)
        return replace(found, notes=(*found.notes, _say_live(pid)))
    before = _own_breakdown()
    if not trim:
        return before
    if not trim_heap():
        raise ProcessError("this malloc cannot be trimmed: only glibc's has malloc_trim")
    return replace(_own_breakdown(), before=before)


def _say_live(pid: int) -> str:
    """Say what is known of another process's arrays: a journal has no addresses, so never their pages."""
    from .tracking.totals import read_totals  # noqa: PLC0415  # as above

    totals = read_totals(pid)
    if totals is None:
        return "The arrays of another process are known if ndmem run started it; this one is not tracked."
    native = "" if totals.native_nbytes is None else f", its native blocks {format_nbytes(totals.native_nbytes)}"
    return (
        f"By its journal its live arrays have {format_nbytes(totals.nbytes)}{native}, as they were asked for; how much "
        "of that is in RAM is not known."
    )


def _own_breakdown() -> Breakdown:
    from .process.explain import explain  # noqa: PLC0415
    from .process.outside import outside  # noqa: PLC0415
    from .process.snapshot import take_snapshot  # noqa: PLC0415
    from .weighing.extents import live_extents  # noqa: PLC0415

    with unseen():
        try:
            taken = take_snapshot()
        except OSError:  # not Linux
            return outside(os.getpid())
        return explain(taken, live_extents())


def limit(
    budget: int | str | None = None,
    *,
    factor: float | None = None,
    scope: Reach | str = "process",
    warn: bool = False,
    callback: Callable[[Excess], object] | None = None,
    resident: bool = False,
) -> Limit:
    """Keep the arrays of a block, or of a function's calls, within a budget.

    An allocation that would pass the budget does not happen: NumPy raises its `MemoryError` from the line that asked,
    which may be caught there as ever. What leaves the block is a `BudgetExceeded` that says what was asked, what is
    live, and which arrays are the largest; NumPy's error is its ``__cause__``. Limits nest, and each holds.

    Parameters
    ----------
    budget : int or str
        Bytes, ``"4 GiB"``, ``"50%"`` of the limit that binds this process first, or ``"auto"``: nine tenths of what may
        still be used, on top of what is live.
    factor : float, optional
        As a decorator, instead of a budget: so many times the bytes of the arrays among the call's arguments, for what
        the call itself makes.
    scope : "process" or "thread"
        Count all arrays of the process, those from before the block too, or what this thread makes in the block.
    warn : bool
        Let it happen, and give a `RuntimeWarning`.
    callback : callable, optional
        Let it happen, and call this with an `Excess`: in the main thread, between two of its instructions soon after.
    resident : bool
        Refuse only if what is resident of the process would not stay within the budget either. Zeros from ``np.zeros``
        take no pages until they are written; without this they count as asked for.

    Returns
    -------
    Limit
        For ``with ndmem.limit("4 GiB"):`` or ``@ndmem.limit("4 GiB")``.

    Raises
    ------
    UnitError
        If the options are no budget.
    ProcessError
        If the budget depends on the machine's limit, and none is known.
    BudgetExceeded
        From the block: if more is live already, or its error is from a refused allocation.

    Notes
    -----
    Memory of libraries is never refused, since C code may not cope. Where it is watched (``ndmem run``) it counts, and
    the next array is refused. A child process is not bound by its parent's limit.

    Examples
    --------
    >>> import numpy as np
    >>> with limit("100 MiB", scope="thread"):
    ...     try:
    ...         a = np.empty(20_000_000)
    ...     except MemoryError:
    ...         a = np.empty(20_000_000, "i1")
    >>> a.nbytes
    20000000
    """
    from .budgets.limit import make_limit  # noqa: PLC0415  # only who asks pays for it

    return make_limit(budget, factor=factor, scope=scope, warn=warn, callback=callback, resident=resident)


def load(path: str | os.PathLike[str]) -> Run:
    """Read a saved run, or one that still goes on or was killed.

    Parameters
    ----------
    path : path
        What ``run.save`` or ``ndmem run`` wrote.

    Raises
    ------
    TraceError
        If it is no trace, is truncated or damaged, or was written by a newer version.
    OSError
        If the file cannot be read.
    """
    with unseen():
        # It needs NumPy, which the launcher of a program has not loaded yet when it loads this module.
        from .tracking.family import read_family  # noqa: PLC0415

        trace = read_file(path)
        return Run(trace, path=path, family=read_family(path, trace))


def diff(
    before: Run | Trace | str | os.PathLike[str], after: Run | Trace | str | os.PathLike[str], *, library: bool = False
) -> Comparison:
    """Compare two runs, measured or predicted: by line, by function, by buffer.

    Parameters
    ----------
    before, after : Run, Trace or path
        The runs, or the files they are saved in.
    library : bool
        Compare the lines of libraries too, which otherwise count for the user's line that called them.

    Returns
    -------
    Comparison
        Prints as a report; its ``diff`` has the figures, and is empty for a run and itself.

    Raises
    ------
    TraceError
        If a file is no trace, is truncated or damaged, or was written by a newer version.
    OSError
        If a file cannot be read.

    Examples
    --------
    >>> import numpy as np
    >>> with track() as run:
    ...     a = np.ones(1000)
    >>> print(diff(run, run))
    No difference: every figure is the same in both runs.
    """
    with unseen():
        return Comparison(_trace_of(before), _trace_of(after), library=library)


def _trace_of(run: Run | Trace | str | os.PathLike[str]) -> Trace:
    if isinstance(run, Run):
        return run.trace
    return load(run).trace if isinstance(run, str | os.PathLike) else run


@overload
def profile(function: _F, /) -> _F: ...
@overload
def profile(
    *, stream: IO[str] | None = None, report: Callable[[FunctionProfile], None] | None = None
) -> Callable[[_F], _F]: ...
def profile(
    function: Any = None, /, *, stream: IO[str] | None = None, report: Callable[[FunctionProfile], None] | None = None
) -> Any:
    """Report the arrays of a function line by line, after each call.

    Exact, from line events of this function alone: how often each line ran, the highest live bytes while it ran,
    what it had for itself in between, what it added. Functions, methods, generators and coroutines stay what
    they are. A call of itself is part of the outermost call's report.

    Parameters
    ----------
    function : callable
        When used without parentheses.
    stream : text stream, optional
        Where to print; standard error, for standard output belongs to the program.
    report : callable, optional
        Gets each `FunctionProfile` instead of the stream.

    Raises
    ------
    TrackingError
        If it is not a Python function, or tracking cannot work in this interpreter.
    """
    from .reporting.profile import write_profile  # noqa: PLC0415  # only who profiles pays for it
    from .tracking.decorate import decorate  # noqa: PLC0415

    def write(found: FunctionProfile) -> None:
        target = stream or sys.stderr
        if target is not None:  # a program without a terminal may have no standard error
            write_profile(found, target)

    def wrap(function: Any) -> Any:
        return decorate(function, report or write)

    return wrap if function is None else wrap(function)
