"""The rows that are still to be worked on, as ranges in order."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator


class RowsLeft:
    """Ranges of rows without overlap; blocks are taken from the first one.

    Parameters
    ----------
    length : int
        Number of all rows.
    done : iterable of (int, int)
        First row, and row behind the last one, of what is done.
    """

    def __init__(self, length: int, done: Iterable[tuple[int, int]] = ()) -> None:
        self._ranges: list[tuple[int, int]] = []
        begin = 0
        for start, stop in sorted(done):
            if start > begin:
                self._ranges.append((begin, start))
            begin = max(begin, stop)
        if begin < length:
            self._ranges.append((begin, length))

    def __len__(self) -> int:
        return sum(stop - start for start, stop in self._ranges)

    def take(self, rows: int, unit: int = 1) -> tuple[int, int]:
        """Take a block; it has fewer rows at the end of a range.

        Parameters
        ----------
        rows : int
            Most rows.
        unit : int
            A block of this many rows or more ends at a multiple of it, so that no storage chunk is in two blocks.
        """
        start, stop = self._ranges[0]
        end = min(start + rows, stop)
        if end < stop and rows >= unit and end - end % unit > start:
            end -= end % unit
        self._ranges[0:1] = [(end, stop)] if end < stop else []
        return start, end

    def take_all(self, rows: int, unit: int = 1, *, threads: int = 1) -> Iterator[tuple[int, int]]:
        """Take blocks until no row is left.

        Parameters
        ----------
        rows : int
            Most rows of a block.
        unit : int
            Rows of a storage chunk.
        threads : int
            How many blocks run at a time. The last blocks are smaller where that gives each thread one: of an odd
            number of blocks one of two threads would wait for the other's last.
        """
        for _ in range(len(self) // (threads * rows) * threads):
            yield self.take(rows, unit)
        rows = min(rows, unit * math.ceil(len(self) / (threads * unit)))
        while self._ranges:
            yield self.take(rows, unit)
