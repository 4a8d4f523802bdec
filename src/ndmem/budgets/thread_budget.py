"""A budget for the arrays that one thread allocates in a block, which names no holders when it is exceeded."""

from __future__ import annotations

from types import TracebackType

import numpy as np

from ndmem import _native
from ndmem.errors import TrackingError
from ndmem.tracking.recorder import DEFAULT_THRESHOLD
from ndmem.tracking.support import check_support, find_numpy_obstacle


class ThreadBudget:
    """Refuses arrays of this thread beyond a budget: NumPy raises its `MemoryError`.

    `ndmem.limit` describes what was live as well, by a search through all objects: too much for work that is
    tried again with less.

    Parameters
    ----------
    nbytes : int
        Bytes that the arrays born in the block may have together.

    Attributes
    ----------
    peak : int
        The most bytes that they had, after the block.
    refused : (int, int) or None
        Bytes that were asked for, and those that were live, when an array was refused last.
    """

    def __init__(self, nbytes: int) -> None:
        self.nbytes = nbytes
        self.peak = 0
        self.refused: tuple[int, int] | None = None
        self._native = _native.Limit()

    def __enter__(self) -> ThreadBudget:
        check_support()
        obstacle = find_numpy_obstacle(np.__version__)
        if obstacle:
            raise TrackingError(f"a budget cannot be set: {obstacle}")
        self._native.arm(_native.running_threshold() or DEFAULT_THRESHOLD, everything=False, thread=True)
        self._native.enforce(self.nbytes)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.peak = self._native.peak
        excess = self._native.excess
        self.refused = None if excess is None else excess[:2]
        self._native.disarm()
