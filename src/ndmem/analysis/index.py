"""Index of a trace: facts that are computed once, for every view.

A function that computes something from a trace takes a `TraceIndex` and is decorated with `fact`: it runs once for each
index and each choice of arguments. So a page, whose table, sentences and charts all need the user's frames, finds them
once. A global cache keyed by `id()` would give the facts of a trace that was freed to the next one at its address.
"""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from ndmem.model.family import family_of

from .foreign import tell_foreign

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from ndmem.model.family import Family
    from ndmem.model.trace import Trace

    from .ranks.job import Job

_Arguments = ParamSpec("_Arguments")
_Answer = TypeVar("_Answer")


class TraceIndex:
    """Trace with the facts computed from it.

    Parameters
    ----------
    trace : Trace
        The run; it must not change.
    family : Family, optional
        The trace with those of the processes that the program started; the program alone if it is not given.
    job : Job, optional
        The ranks of a parallel job, of which the trace is that with most memory.

    Attributes
    ----------
    trace, family
        As given, but native blocks in which arrays lie are told from others, see `tell_foreign`.
    job : Job or None
        As given.
    known : dict
        Facts by function and arguments; only `fact` writes it.
    """

    __slots__ = ("family", "job", "known", "trace")

    def __init__(self, trace: Trace, *, family: Family | None = None, job: Job | None = None) -> None:
        self.trace = tell_foreign(trace)
        family = family_of(trace) if family is None else family
        self.family = family if self.trace is trace else family.with_trace(trace, self.trace)
        self.job = job
        self.known: dict[Hashable, Any] = {}


def fact(
    compute: Callable[Concatenate[TraceIndex, _Arguments], _Answer],
) -> Callable[Concatenate[TraceIndex, _Arguments], _Answer]:
    """Make a function compute its result once for each index and arguments; callers must not change the result."""
    signature = inspect.signature(compute)

    @functools.wraps(compute)
    def recall(index: TraceIndex, /, *args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Answer:
        # Bound, so that an omitted argument and its default are the same key.
        bound = signature.bind(index, *args, **kwargs)
        bound.apply_defaults()
        key = (compute, *bound.args[1:], *bound.kwargs.values())
        if key not in index.known:
            index.known[key] = compute(index, *args, **kwargs)
        answer: _Answer = index.known[key]
        return answer

    return recall
