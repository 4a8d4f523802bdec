"""How the program of a journal ended: what is written, or else what its process shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.model.ending import Ending
from ndmem.process.alive import find_home, writes_to

if TYPE_CHECKING:
    from pathlib import Path

    from .journal import Journal

_STOPPED = 2


def find_ending(journal: Journal, path: Path) -> Ending:
    """Say how the program that wrote a journal ended.

    Parameters
    ----------
    journal : Journal
        As read.
    path : Path
        Its file.
    """
    header, status = journal.header, journal.meta.get("exit_status")
    stopped = header["state"] == _STOPPED
    if status is not None:
        # Python ends by SIGINT itself after a KeyboardInterrupt, when everything is done.
        return Ending.EXIT if stopped else Ending.by_status(int(status))
    home = journal.meta.get("home")
    if home is not None and home != find_home():
        return Ending.EXIT if stopped else Ending.UNKNOWN
    if writes_to(int(header["pid"]), path, started=float(header["started_ns"]) / 1e9):
        return Ending.RUNNING
    return Ending.EXIT if stopped else Ending.LOST
