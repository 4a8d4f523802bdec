"""The public face: the verbs, wired to the parts that do the work."""

from __future__ import annotations

import os
import sys
from typing import IO, TYPE_CHECKING, Any, overload

from .analysis.moment import Moment
from .reporting.formats import Format
from .reporting.text import By
from .run import Run, TrackedRun
from .tracking.program import read_file
from .tracking.recorder import unseen

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from .model.profile import FunctionProfile

    _F = TypeVar("_F", bound=Callable[..., Any])

__all__ = ["By", "Format", "Moment", "Run", "TrackedRun", "load", "profile", "track"]


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
