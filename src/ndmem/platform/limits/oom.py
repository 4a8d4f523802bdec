"""The kernel's killer of processes when memory runs out."""

from __future__ import annotations

from pathlib import Path

_COUNTER = "oom_kill "


def count_oom_kills(counters: Path = Path("/proc/vmstat")) -> int | None:
    """Return how many processes the kernel has killed for want of memory since the boot; ``None`` if unknown.

    Parameters
    ----------
    counters : Path
        The kernel's counters (Linux 4.13 and later); another file for tests. It counts the kills of control
        groups too, and containers see it.
    """
    try:
        lines = counters.read_text().splitlines()
        return next((int(line[len(_COUNTER) :]) for line in lines if line.startswith(_COUNTER)), None)
    except (OSError, ValueError):
        return None
