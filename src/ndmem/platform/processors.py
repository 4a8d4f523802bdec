"""How many processors this process may use."""

from __future__ import annotations

import os


def count_processors() -> int:
    """Return the number of processors that the scheduler may give to this process, at least 1."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS has none
        return os.cpu_count() or 1
