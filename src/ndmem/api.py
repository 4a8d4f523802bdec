"""The public face: every public verb and class of ndmem.

Four verbs are defined here; `_HOMES` names the module of each other name, which is imported when the name is first
used. Importing this module loads neither NumPy nor rich: `ndmem run` imports it before it starts the program.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import IO, TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from .analysis.index import TraceIndex
    from .analysis.measure import Measure
    from .analysis.moment import Moment
    from .budgets.amount import check_factor, read_budget
    from .budgets.excess import Excess
    from .budgets.limit import Limit, Reach
    from .budgets.live_bytes import LiveBytes
    from .model.profile import FunctionProfile
    from .model.spec import spec
    from .model.trace import Trace
    from .planning.arguments.dims import Dims, dims, read_length
    from .reporting.formats import Format
    from .reporting.text.diff import DiffBy
    from .reporting.view import By
    from .results.advice import advise
    from .results.benchmarks import list_benchmarks
    from .results.breakdown import breakdown
    from .results.comparison import Comparison, DiffFormat
    from .results.findings import Findings, list_advice, patch_of, try_findings
    from .results.inner_run import without_callers
    from .results.leaks import Leaks, leaks
    from .results.live_arrays import arrays
    from .results.loading import load
    from .results.memory_limits import Fit, Limits, fits, limits
    from .results.predictions.predicting import planned, predict
    from .results.predictions.prediction import Prediction
    from .results.run import Run, index_of
    from .results.tracked_run import TrackedRun
    from .results.weight import weigh
    from .scaling.amplification import Amplification, amplification
    from .scaling.blocks.block_run import BlockRun
    from .scaling.blocks.map_blocks import map_blocks
    from .scaling.chunks import Chunks, chunks
    from .watching.instruments import INSTRUMENTS, Instrument, InstrumentKind, InstrumentUnit
    from .watching.metrics import Metrics, MetricsReader
    from .weighing.stored import Stored, stored_arrays

    _F = TypeVar("_F", bound=Callable[..., Any])

# The names of each module; those that `ndmem` itself lacks are for the command line and the integrations.
_NAMES = {
    "analysis.measure": "Measure",
    "analysis.moment": "Moment",
    "budgets.amount": "check_factor read_budget",
    "budgets.live_bytes": "LiveBytes",
    "model.spec": "spec",
    "planning.arguments.dims": "Dims dims read_length",
    "reporting.formats": "Format",
    "reporting.text.diff": "DiffBy",
    "reporting.view": "By",
    "results.benchmarks": "list_benchmarks",
    "results.breakdown": "breakdown",
    "results.comparison": "Comparison DiffFormat",
    "results.advice": "advise",
    "results.findings": "Findings list_advice patch_of try_findings",
    "results.inner_run": "without_callers",
    "results.leaks": "Leaks leaks",
    "results.live_arrays": "arrays",
    "results.loading": "load",
    "results.memory_limits": "Fit Limits fits limits",
    "results.predictions.predicting": "planned predict",
    "results.predictions.prediction": "Prediction",
    "results.run": "Run index_of",
    "results.tracked_run": "TrackedRun",
    "results.weight": "weigh",
    "scaling.amplification": "Amplification amplification",
    "scaling.blocks.block_run": "BlockRun",
    "scaling.blocks.map_blocks": "map_blocks",
    "scaling.chunks": "Chunks chunks",
    "watching.instruments": "INSTRUMENTS Instrument InstrumentKind InstrumentUnit",
    "watching.metrics": "Metrics MetricsReader",
    "weighing.stored": "Stored stored_arrays",
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names.split()}

__all__ = [
    "INSTRUMENTS", "Amplification", "BlockRun", "By", "Chunks", "Comparison", "DiffBy", "DiffFormat", "Dims",
    "Findings", "Fit", "Format", "Instrument", "InstrumentKind", "InstrumentUnit", "Leaks", "Limits", "LiveBytes",
    "Measure", "Metrics", "MetricsReader", "Moment", "Prediction", "Run", "Stored", "TrackedRun", "advise",
    "amplification", "arrays", "breakdown", "check_factor", "chunks", "diff", "dims", "fits", "index_of", "leaks",
    "limit", "limits", "list_advice", "list_benchmarks", "load", "map_blocks", "patch_of", "planned", "predict",
    "profile", "read_budget", "read_length", "spec", "stored_arrays", "track", "try_findings", "weigh",
    "without_callers",
]  # fmt: skip


# Hidden from type checkers: they would take every other name for one of `Any`.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f".{_HOMES[name]}", __package__), name)


def track(*, threshold: int | str | None = None, continuous: bool = False) -> TrackedRun:
    """Track the arrays that a block of code allocates.

    Parameters
    ----------
    threshold : int or str, optional
        Record buffers of at least this size one by one; only count smaller ones, by line. Default: 4 KiB.
    continuous : bool
        Count all buffers by line and record none one by one, so that a recording of weeks takes no more memory than one
        of minutes: at most 16 MiB. Live bytes, peaks and counts are exact; temporary bytes, the curve over time and
        names of arrays are unknown. Beyond 16,384 call stacks, or 6 MiB of code, new ones are one row, "other lines".
        `MetricsReader` reads the recording while it runs.

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
    from .results.tracked_run import TrackedRun

    return TrackedRun(threshold=threshold, continuous=continuous)


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

    NumPy raises its `MemoryError` instead of an allocation that would exceed the budget; the program may catch it. An
    uncaught one leaves the block as a `BudgetExceeded`, which names the allocation and the largest live arrays; its
    ``__cause__`` is NumPy's error. Limits nest, and each is enforced. Memory of libraries is never refused, because C
    code may not cope; under ``ndmem run`` it counts, and the next array is refused. Child processes are not limited.

    Parameters
    ----------
    budget : int or str
        Bytes, ``"4 GiB"``, ``"50%"`` of the limit that binds this process first, or ``"auto"``: the live bytes and nine
        tenths of what is still available.
    factor : float, optional
        Instead of a budget, for a decorator: the arrays of a call may grow by this multiple of the bytes of the arrays
        among its arguments.
    scope : "process" or "thread"
        Count all arrays of the process, also older ones, or only those that this thread allocates in the block.
    warn : bool
        Give a `RuntimeWarning` instead of refusing.
    callback : callable, optional
        Call this with an `Excess` instead of refusing: soon afterwards, in the main thread.
    resident : bool
        Refuse only if the resident memory of the process would exceed the budget too. Zeros from ``np.zeros`` use no
        pages until they are written; without this option they count in full.

    Returns
    -------
    Limit
        For ``with ndmem.limit("4 GiB"):`` or ``@ndmem.limit("4 GiB")``.

    Raises
    ------
    UnitError
        If an option is not valid.
    ProcessError
        If the budget depends on the machine's limit, and none could be determined.
    BudgetExceeded
        From the block: if more is live already, or after a refused allocation.

    Examples
    --------
    >>> import numpy as np
    >>> with limit("100 MiB", scope="thread") as allowed:
    ...     a = np.empty(1000)
    ...     allowed.live
    8000
    """
    from .budgets.limit import make_limit

    return make_limit(budget, factor=factor, scope=scope, warn=warn, callback=callback, resident=resident)


def diff(
    before: Run | Trace | str | os.PathLike[str], after: Run | Trace | str | os.PathLike[str], *, library: bool = False
) -> Comparison:
    """Compare two runs, measured or predicted: by line, by function, by buffer.

    Parameters
    ----------
    before, after : Run, Trace or path
        The runs, or their files.
    library : bool
        Also compare the lines of libraries, which are otherwise charged to the user's line that called them.

    Returns
    -------
    Comparison
        Prints as a report; its ``diff`` has the figures, and is empty for a run and itself.

    Raises
    ------
    TraceError
        If a file is not a trace, is truncated or damaged, or was written by a newer version.
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
    from .results.comparison import Comparison
    from .tracking.recorder import untracked

    with untracked():
        return Comparison(_index_of(before), _index_of(after), library=library)


def _index_of(run: Run | Trace | str | os.PathLike[str]) -> TraceIndex:
    from .analysis.index import TraceIndex
    from .results.loading import load
    from .results.run import Run, index_of

    if isinstance(run, str | os.PathLike):
        return index_of(load(run))
    return index_of(run) if isinstance(run, Run) else TraceIndex(run)


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

    The figures are exact, from line events of this function: how often each line ran, the highest live bytes while it
    ran, its temporaries, and what it added. Functions, methods, generators and coroutines keep their kind. A recursive
    call is part of the outermost call's report.

    Parameters
    ----------
    function : callable
        When used without parentheses.
    stream : text stream, optional
        Where to print. Default: standard error, since standard output belongs to the program.
    report : callable, optional
        Gets each `FunctionProfile` instead of the stream.

    Raises
    ------
    TrackingError
        If it is not a Python function, or tracking does not work in this interpreter.
    """
    from .reporting.text.profile import write_profile
    from .tracking.line_profiler.wrap import decorate

    def write(found: FunctionProfile) -> None:
        target = stream or sys.stderr
        if target is not None:  # a program without a terminal may have no standard error
            write_profile(found, target)

    def wrap(function: Any) -> Any:
        return decorate(function, report or write)

    return wrap if function is None else wrap(function)
