"""Choose the child process that runs the function: a fork, or a fresh interpreter."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ndmem.errors import PredictionError
from ndmem.planning.meter import Meter
from ndmem.planning.worker.work import Worker
from ndmem.platform.system import IS_LINUX

from .forked import Child
from .other_threads import has_python_threads
from .spawned import SpawnedChild

if TYPE_CHECKING:
    from ndmem.planning.arguments.arguments import Arguments


def choose_child(
    function: Callable[..., Any], arguments: Arguments, meter: Meter, *, memory: int, sandbox: bool
) -> Child:
    """Return a fork, or a fresh interpreter if other threads of this process may hold locks.

    A function that cannot be pickled is forked all the same, once `Child` finds all other threads asleep. Only Linux
    reports that: elsewhere, libraries of the system itself start threads and fail in a fork.

    Raises
    ------
    PredictionError
        If the function needs a fresh interpreter here and cannot be pickled.
    """
    if not IS_LINUX:
        return SpawnedChild(function, arguments, meter, memory=memory, sandbox=sandbox)
    if has_python_threads():
        try:
            return SpawnedChild(function, arguments, meter, memory=memory, sandbox=sandbox)
        except PredictionError:
            pass

    def make_worker(refused: list[str] | None) -> Worker:
        return Worker(function, arguments, meter, refused)

    return Child(make_worker, memory=memory, sandbox=sandbox)
