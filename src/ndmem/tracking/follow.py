"""A journal that is still being written, followed by another process without reading it again and again.

Of the events each is read once. What they leave is the buffers alive now, and a history of live bytes: both stay small
however long the program runs.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from ndmem.errors import TraceError
from ndmem.model.history import History
from ndmem.model.trace import Kind

from .journal import (
    _BLOCK,
    _CODE,
    _EVENT,
    _EVENTS,
    _GRAIN,
    _HEADER,
    _META,
    _NODE,
    _NODES,
    _SIGHTED,
    _TEXTS,
    CLOCK,
    Journal,
    _gather,
    check_header,
)

if TYPE_CHECKING:
    from pathlib import Path

    from ndmem.model.holder import Holder

    Records = np.ndarray[Any, Any]


class Follower:
    """Reads what has been added to a journal since the last look.

    Parameters
    ----------
    path : Path
        The journal.

    Raises
    ------
    TraceError
        If it is not a journal.
    OSError
        If it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.history = History()
        self._file = path.open("rb")
        try:
            self._header = self._read_header()
        except BaseException:
            self._file.close()
            raise
        self._blocks: dict[int, int] = {}
        """Position of each block, and how many of its bytes have been read."""
        self._alive: Records = np.empty(0, _EVENT)
        """The births of the buffers alive now."""
        self._numbers = np.empty(0, np.int64)
        """Their numbers."""
        self._births, self._now_ns = 0, 0
        self._codes: dict[int, tuple[str, str]] = {}
        self._holders: dict[int, list[Holder]] = {}
        self._meta: dict[str, Any] = {}

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def is_replaced(self) -> bool:
        """Whether another file is in the journal's place: its program has ended, and the launcher made it a trace."""
        try:
            found = self.path.stat()
        except OSError:
            return True
        mine = os.fstat(self._file.fileno())
        return (found.st_dev, found.st_ino) != (mine.st_dev, mine.st_ino)
