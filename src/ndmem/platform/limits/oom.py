"""Read the counter of the kernel's out-of-memory killer."""

from pathlib import Path

_COUNTER = "oom_kill "


def count_oom_kills(counters: Path = Path("/proc/vmstat")) -> int | None:
    """Return how many processes the out-of-memory killer has killed since boot; ``None`` if unknown.

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
