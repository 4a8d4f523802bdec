"""Notice a fork that waits for ever: it has all locks that its parent's threads held, and none of those threads."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import psutil

from ndmem.errors import PredictionError

_STUCK_S: Final = 3.0
_IDLE_S: Final = 0.02
"""Processor time, counted in steps of 10 ms, that is none."""


class StuckError(PredictionError):
    """The child waits and computes nothing."""


def watch_for_stillness(pid: int) -> Callable[[], None]:
    """Return what is to be called now and then, and raises once a process has not computed for a while.

    A function of arrays does not wait: where it only slept, a fresh interpreter predicts it as well.

    Raises
    ------
    StuckError
        By what is returned.
    """
    since, used = time.monotonic(), _processor_seconds(pid)

    def look() -> None:
        nonlocal since, used
        now = _processor_seconds(pid)
        if now - used > _IDLE_S:
            since, used = time.monotonic(), now
        elif time.monotonic() - since > _STUCK_S:
            raise StuckError(
                f"a copy of this process that was to run it computed nothing for {_STUCK_S:.0f} s: it waits, perhaps "
                "for a lock that another thread held when the copy was made"
            )

    return look


def _processor_seconds(pid: int) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:  # it has ended: who reads its answer sees that
        return 0.0
    return float(times.user + times.system)
