"""Kill a child process and read its wait status, without waiting forever."""

import contextlib
import os
import signal
import time
from typing import Final

_WAIT_S: Final = 5.0
"""A killed process may be blocked on a disk; after this long it is left to the system."""


def end_process(pid: int) -> int | None:
    """Kill a child and the processes that it started.

    Parameters
    ----------
    pid : int
        The child; it leads a process group of its own, unless it was killed before it created the group.

    Returns
    -------
    int or None
        Its wait status; ``None`` if unknown: the program ignores SIGCHLD, or waits for all children itself.
    """
    ended, status = _poll(pid)
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)
    if ended:
        return status
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + _WAIT_S
    pause = 0.0005
    while not ended and time.monotonic() < deadline:
        time.sleep(pause)
        pause = min(2 * pause, 0.05)
        ended, status = _poll(pid)
    return status


def _poll(pid: int) -> tuple[bool, int | None]:
    """Return whether a child has ended, and its wait status."""
    try:
        ended, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:  # it has ended, and other code of the program has read its status
        return True, None
    return bool(ended), status if ended else None
