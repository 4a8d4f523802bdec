"""What a block needed: its bytes in three phases, by the arrays of its thread and by the pages of the process."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import reduce


class Phase(enum.Enum):
    """A part of the work on a block; the next one begins when it has ended."""

    READ = "read"
    FUNCTION = "function"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Peak:
    """The highest memory of a phase above what was there before the block.

    Attributes
    ----------
    tracked_nbytes : int
        Bytes of arrays, exact: those of the thread that works on the block, and the block itself.
    resident_nbytes : int or None
        Anonymous pages, of all threads and libraries; ``None`` if other blocks ran beside this one, or the system has
        no high-water mark.
    """

    tracked_nbytes: int
    resident_nbytes: int | None = None

    @property
    def nbytes(self) -> int:
        """The larger of the two: work memory of libraries is in no array, and pages of a heap are reused unseen."""
        return max(self.tracked_nbytes, self.resident_nbytes or 0)

    def join(self, other: Peak) -> Peak:
        """Return the highest memory of two phases that did not overlap."""
        found = [one.resident_nbytes for one in (self, other) if one.resident_nbytes is not None]
        return Peak(max(self.tracked_nbytes, other.tracked_nbytes), max(found, default=None))


@dataclass(frozen=True, slots=True)
class Block:
    """A block that was worked on.

    Attributes
    ----------
    start, stop : int
        Its rows, without the rows around them that `depth` added.
    in_nbytes, out_nbytes : int
        Bytes of what was read, and of the function's result.
    peaks : dict of Phase to Peak
        What each phase needed. The function's has the block that was read in it, and the writing has the result.
    seconds : float
        Time for all phases.
    """

    start: int
    stop: int
    in_nbytes: int
    out_nbytes: int
    peaks: dict[Phase, Peak]
    seconds: float

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.stop - self.start

    @property
    def peak(self) -> Peak:
        """The highest memory of all phases."""
        return reduce(Peak.join, self.peaks.values())
