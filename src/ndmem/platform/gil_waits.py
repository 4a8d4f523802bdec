"""Shorten the waits for the GIL while ndmem works beside busy threads.

NumPy, files and system calls release the GIL. Each time, every other thread that computes keeps it for a whole switch
interval, 5 ms by default: 300 operations beside eight threads took 12 s. With a short interval each takes under 1 ms.
"""

import os
import sys
from _thread import get_ident
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

INTERVAL: Final = 1e-4
"""Seconds."""

# Appending and popping are atomic. A lock might be held by another thread while the process forks.
_users: list[int] = []
_before: list[float] = []


@contextmanager
def short_gil_waits() -> Iterator[None]:
    """Use a short switch interval in this block, and the program's again after it.

    If the program itself sets another interval meanwhile, that one stays.
    """
    _users.append(get_ident())
    interval = sys.getswitchinterval()
    if interval > INTERVAL and not _is_ours(interval):
        _before[:] = [interval]
        sys.setswitchinterval(INTERVAL)
    try:
        yield
    finally:
        _users.remove(get_ident())
        _restore()


def _restore() -> None:
    if not _users and _before and _is_ours(sys.getswitchinterval()):
        sys.setswitchinterval(_before[0])


def _forget_other_threads() -> None:
    """In a forked child there is only the thread that forked: the blocks of others never end."""
    _users[:] = [thread for thread in _users if thread == get_ident()]
    _restore()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_other_threads)


def _is_ours(interval: float) -> bool:
    # CPython keeps whole microseconds.
    return round(interval * 1e6) == round(INTERVAL * 1e6)
