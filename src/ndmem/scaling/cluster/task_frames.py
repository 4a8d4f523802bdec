"""Give each task group a frame in the call stacks of its tasks.

Each task is called through a function whose code object has the name of its group (`dask.utils.key_split`). So the
tracker, which reads the stack of each allocation, records to which group it belongs: exactly, at the moment of the
allocation, in the thread that runs the task.
"""

from __future__ import annotations

import functools
import threading
import types
from typing import TYPE_CHECKING, Any

from dask.utils import key_split
from distributed import worker as dask_worker

from ndmem.model.cluster import TASKS_FILE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

OTHER_GROUPS = "(other task groups)"
_MOST_GROUPS = 512
"""Each group has a code object and nodes in the call tree; programs whose keys have no common names make thousands."""


def _call(function: Callable[..., Any], /, *args: Any) -> Any:
    return function(*args)


async def _wait_for(function: Callable[..., Awaitable[Any]], /, *args: Any) -> Any:
    return await function(*args)


class TaskFrames:
    """Calls the tasks of this process through frames that are named after their groups.

    Attributes
    ----------
    counts : dict of str to int
        Number of tasks that were started, by group.
    """

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self._frames: dict[tuple[str, bool], Callable[..., Any]] = {}
        self._lock = threading.Lock()
        self._originals: dict[str, Callable[..., Any]] = {}

    def begin(self) -> None:
        """Call tasks that start from now on through frames of their groups; once."""
        # The functions of a worker that call a task, or a method of an actor; `name` is the argument that names it.
        for spot, name, waits in (
            ("_run_task_simple", _name_of_task, False),
            ("_run_task_async", _name_of_task, True),
            ("_run_actor", _name_of_actor, False),
        ):
            original = getattr(dask_worker, spot, None)
            if original is not None:
                self._originals[spot] = original
                setattr(dask_worker, spot, self._name_calls(original, name, waits=waits))

    def end(self) -> None:
        """Call tasks as before; those that run keep their frames until they end."""
        for spot, original in self._originals.items():
            setattr(dask_worker, spot, original)
        self._originals.clear()

    def _name_calls(
        self, original: Callable[..., Any], name: Callable[[tuple[Any, ...]], object], *, waits: bool
    ) -> Callable[..., Any]:
        @functools.wraps(original)  # an executor of processes pickles the function by its name
        def call_in_frame(*args: Any) -> Any:
            return self._find_frame(name(args), waits=waits)(original, *args)

        return call_in_frame

    def _find_frame(self, key: object, *, waits: bool) -> Callable[..., Any]:
        group = key_split(key)
        with self._lock:
            if group not in self.counts and len(self.counts) >= _MOST_GROUPS:
                group = OTHER_GROUPS
            self.counts[group] = self.counts.get(group, 0) + 1
            frame = self._frames.get((group, waits))
            if frame is None:
                frame = self._frames[group, waits] = _make_frame(group, waits=waits)
        return frame


def _make_frame(group: str, *, waits: bool) -> Callable[..., Any]:
    function = _wait_for if waits else _call
    code = function.__code__.replace(co_filename=TASKS_FILE, co_name=group, co_qualname=group, co_firstlineno=1)
    return types.FunctionType(code, {"__name__": __name__})


def _name_of_task(args: tuple[Any, ...]) -> object:
    """Return the key of a task: all that run a task get the task first."""
    return getattr(args[0], "key", "(unnamed task)")


def _name_of_actor(args: tuple[Any, ...]) -> object:
    """Return the name of an actor's method, ``group.method``, which stands for its key."""
    return args[4]
