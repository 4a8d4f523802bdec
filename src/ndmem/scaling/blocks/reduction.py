"""Combine partial results of neighbouring blocks as soon as both are there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


class Reduction:
    """Partial results that wait for their neighbours.

    Blocks are begun in order, so at most one partial result more waits than blocks run at a time.

    Parameters
    ----------
    combine : callable
        Takes the results of two neighbouring ranges of rows, the earlier one first, and returns that of both. It has to
        be associative: which neighbours meet first depends on the threads.
    """

    def __init__(self, combine: Callable[[Any, Any], Any]) -> None:
        self._combine = combine
        self._lock = threading.Lock()
        self._waiting: dict[int, tuple[int, Any]] = {}

    def add(self, start: int, stop: int, partial: Any) -> None:
        """Add the result of a range, combined with those of its neighbours."""
        while True:
            with self._lock:
                before = next((first for first, (end, _) in self._waiting.items() if end == start), None)
                first = stop if before is None else before
                if first not in self._waiting:
                    self._waiting[start] = (stop, partial)
                    return
                end, other = self._waiting.pop(first)
            # Outside the lock: other threads may combine their own meanwhile.
            if before is None:
                partial, stop = self._combine(partial, other), end
            else:
                partial, start = self._combine(other, partial), first
            del other

    def result(self) -> Any:
        """Return the result of all rows.

        Raises
        ------
        RuntimeError
            If ranges are missing.
        """
        with self._lock:
            if len(self._waiting) != 1:
                raise RuntimeError(f"{len(self._waiting)} partial results are left; there should be one")
            ((_, result),) = self._waiting.values()
            return result
