"""What the journal of another process says that it has now."""

from __future__ import annotations

from dataclasses import dataclass

from ndmem.errors import TraceError, TrackingError

from .find import find_journal
from .journal import read_journal

_LONGEST_HEADER = 4096


@dataclass(frozen=True, slots=True)
class Totals:
    """Live bytes of a process.

    Attributes
    ----------
    nbytes : int
        Of its arrays, as they were asked for.
    native_nbytes : int or None
        Of its native blocks; ``None`` where native memory is not watched.
    """

    nbytes: int
    native_nbytes: int | None


def read_totals(pid: int) -> Totals | None:
    """Return what a running process has, from the first page of its journal; ``None`` if it is not tracked.

    Parameters
    ----------
    pid : int
        The process.
    """
    try:
        with find_journal(pid).open("rb") as file:
            header = read_journal([file.read(_LONGEST_HEADER)]).header
    except (TrackingError, TraceError, OSError):
        return None
    # That of a launcher's program is not the launcher's.
    if int(header["pid"]) != pid:
        return None
    watched = int(header["native_threshold"]) > 0
    return Totals(int(header["live"]), int(header["native_live"]) if watched else None)
