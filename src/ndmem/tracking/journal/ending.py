"""Tell how the program of a journal ended, from its record or else from the state of its process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.model.ending import Ending
from ndmem.platform.alive import find_home, writes_to
from ndmem.tracking.journal.file.header import STOPPED

if TYPE_CHECKING:
    from pathlib import Path

    from ndmem.tracking.journal.file.records import Journal


def find_ending(journal: Journal, path: Path) -> Ending:
    """Return how the program that wrote a journal ended.

    Parameters
    ----------
    journal : Journal
        The journal.
    path : Path
        Its file.
    """
    if journal.meta.get("detached"):
        return Ending.DETACHED
    header, status = journal.header, journal.meta.get("exit_status")
    stopped = header["state"] == STOPPED
    if status is not None:
        # After a KeyboardInterrupt Python ends by SIGINT, but only when its exit functions have run.
        return Ending.EXIT if stopped else Ending.by_status(int(status))
    home = journal.meta.get("home")
    if home is not None and home != find_home():
        return Ending.EXIT if stopped else Ending.UNKNOWN
    if writes_to(int(header["pid"]), path, started=float(header["started_ns"]) / 1e9):
        return Ending.RUNNING
    return Ending.EXIT if stopped else Ending.LOST
