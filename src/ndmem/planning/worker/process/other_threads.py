"""Tell whether this process can be forked: a fork has all locks that other threads hold, and none of those threads.

`os.fork` itself blocks if a library waits for its threads first, as OpenBLAS does while another thread multiplies. It
holds the GIL while it waits, and cannot be interrupted. So the process is not forked while another thread runs.
"""

import contextlib
import os
import sys
import threading
import time
from pathlib import Path
from typing import Final

_TASKS: Final = Path("/proc/self/task")
_PATIENCE_S: Final = 0.3
"""BLAS threads spin for some 50 ms after their last work before they sleep."""

_PAUSE_S: Final = 0.005
_SAMPLES: Final = 2
"""Samples in a row that must show all threads asleep: one alone may fall between two pieces of work."""


def has_python_threads() -> bool:
    """Tell whether another thread runs Python code, and may hold any of its locks."""
    own = threading.get_ident()
    return any(number != own for number in sys._current_frames())


def wait_until_threads_sleep() -> bool:
    """Wait up to 0.3 s until all other threads sleep; return whether they do. Unknown counts as not asleep."""
    deadline = time.monotonic() + _PATIENCE_S
    before, asleep = _sample_threads(), 0
    while before and asleep < _SAMPLES:
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE_S)
        now = _sample_threads()
        # A thread that waits for the GIL is asleep too, but its processor time has grown since the last sample.
        sleeps = now == before and all(state == "S" for state, _ in now.values())
        before, asleep = now, asleep + 1 if sleeps else 0
    return True


def _sample_threads() -> dict[str, tuple[str, str]]:
    """Return the kernel's state letter and the processor time of each other thread."""
    own = str(threading.get_native_id())
    try:
        names = os.listdir(_TASKS)  # noqa: PTH208  # names, not paths
    except OSError:  # another system than Linux
        return {"unknown": ("?", "")} if threading.active_count() > 1 else {}
    found = {}
    for name in names:
        if name != own:
            with contextlib.suppress(OSError):  # it has just ended
                state = (_TASKS / name / "stat").read_text("ascii", "replace").rpartition(")")[2].split()[0]
                found[name] = state, (_TASKS / name / "schedstat").read_text("ascii", "replace").partition(" ")[0]
    return found
