"""Detect a blocked fork: it has all locks that other threads of its parent held, and none of those threads."""

import time
from collections.abc import Callable
from typing import Final

import psutil

from ndmem.errors import PredictionError

_STALLED_S: Final = 3.0
_IDLE_S: Final = 0.02
"""Processor time up to which a process counts as idle; the kernel counts in steps of 10 ms."""


class StalledError(PredictionError):
    """The child is blocked and uses no processor time."""


def watch_for_stall(
    pid: int, *, clock: Callable[[], float] = time.monotonic, read_cpu: Callable[[int], float] | None = None
) -> Callable[[], None]:
    """Return a function to call regularly, which raises once a process has used no CPU for three seconds.

    A function that computes with arrays does not wait. One that only slept is predicted in a fresh interpreter as well.

    Parameters
    ----------
    pid : int
        The process.
    clock : callable
        Returns the time in seconds.
    read_cpu : callable, optional
        Returns the processor time of a process in seconds.

    Raises
    ------
    StalledError
        Raised by the function returned.
    """
    read = read_cpu or _read_cpu_seconds
    since, used = clock(), read(pid)

    def check() -> None:
        nonlocal since, used
        now = read(pid)
        if now - used > _IDLE_S:
            since, used = clock(), now
        elif clock() - since > _STALLED_S:
            raise StalledError(
                f"the forked child used no CPU for {_STALLED_S:.0f} s; it is probably blocked on a lock that another "
                "thread held at the time of the fork"
            )

    return check


def _read_cpu_seconds(pid: int) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:  # it has ended, which the reader of its answer notices
        return 0.0
    return float(times.user + times.system)
