"""Read the present live bytes of another process from its journal."""

from dataclasses import dataclass

from ndmem.errors import TraceError, TrackingError
from ndmem.tracking.journal.file.reader import read_journal

from .locate import find_journal

_LONGEST_HEADER = 4096


@dataclass(frozen=True, slots=True)
class Totals:
    """Live bytes of a process.

    Attributes
    ----------
    nbytes : int
        Live bytes of its arrays, as requested.
    native_nbytes : int or None
        Live bytes of its native blocks; ``None`` where native memory is not watched.
    """

    nbytes: int
    native_nbytes: int | None


def read_totals(pid: int) -> Totals | None:
    """Return the live bytes of a running process, from the first page of its journal; ``None`` if it is not tracked.

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
    # For a launcher `find_journal` returns the journal of its program.
    if int(header["pid"]) != pid:
        return None
    watched = int(header["native_threshold"]) > 0
    return Totals(int(header["live"]), int(header["native_live"]) if watched else None)
