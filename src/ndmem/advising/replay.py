"""Replay a run with a change: its peak without a buffer, with a smaller one, or with one that is freed earlier.

A change is a set of intervals of events in which the program holds fewer bytes, or more. The live bytes after each
event are recorded, those of small and of left-out buffers among them; the replay subtracts the intervals and looks for
the new peak. It assumes that the program allocates and frees everything else as it did.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from ndmem.analysis.index import fact
from ndmem.model.advice.finding import Saving

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ndmem.analysis.index import TraceIndex
    from ndmem.analysis.over_time.lifetimes import Lifetimes
    from ndmem.model.columns import Int64s


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """Intervals in which the program holds fewer bytes than it did.

    Attributes
    ----------
    start, end : (k,) int64
        Numbers of the events from which on, and before which, the bytes are saved; ``end`` is the number of all events
        if they are saved until the end of the run.
    nbytes : (k,) int64
        Bytes saved; negative where the change needs more.
    buffer : (k,) int64
        Number of the buffer that each interval is about; -1 for one that the program did not have.
    total_nbytes : int
        Bytes that are not allocated any more.
    """

    start: Int64s
    end: Int64s
    nbytes: Int64s
    buffer: Int64s
    total_nbytes: int

    @classmethod
    def drop(cls, buffers: Lifetimes) -> Self:
        """Never allocate these buffers."""
        return cls(buffers.born, buffers.died, buffers.nbytes, buffers.buffer, int(buffers.nbytes.sum()))

    @classmethod
    def scale(cls, buffers: Lifetimes, ratio: float) -> Self:
        """Make these buffers smaller: ``ratio`` of their bytes remain, 0 to 1."""
        saved = buffers.nbytes - np.ceil(buffers.nbytes * ratio).astype(np.int64)
        return cls(buffers.born, buffers.died, saved, buffers.buffer, int(saved.sum()))

    @classmethod
    def free_early(cls, buffers: Lifetimes, at: Int64s | int) -> Self:
        """Free these buffers just before event ``at``, shape (k,) or one for all, where that is before their end."""
        start = np.minimum(np.maximum(np.broadcast_to(at, len(buffers)), buffers.born), buffers.died)
        return cls(start, buffers.died, buffers.nbytes, buffers.buffer, 0)

    @classmethod
    def reuse(cls, buffers: Lifetimes, of: Lifetimes) -> Self:
        """Put each of these buffers into the memory of another one, row by row: while both live, one is saved.

        Where the other one dies later or never, its memory is needed until the later of both ends.
        """
        end = np.minimum(buffers.died, np.maximum(of.died, buffers.born))
        saved = np.minimum(buffers.nbytes, of.nbytes)
        return cls(buffers.born, end, saved, buffers.buffer, int(buffers.nbytes.sum()))

    @classmethod
    def add(cls, *, start: int, end: int, nbytes: int) -> Self:
        """Hold bytes that the program did not hold."""
        return cls(np.array([start]), np.array([end]), np.array([-nbytes]), np.array([-1]), -nbytes)

    @classmethod
    def all_of(cls, changes: Iterable[Change]) -> Self:
        """Make several changes together; they must not concern the same buffers."""
        parts = list(changes)
        empty = np.empty(0, np.int64)
        return cls(
            np.concatenate([empty, *(part.start for part in parts)]),
            np.concatenate([empty, *(part.end for part in parts)]),
            np.concatenate([empty, *(part.nbytes for part in parts)]),
            np.concatenate([empty, *(part.buffer for part in parts)]),
            sum(part.total_nbytes for part in parts),
        )

    def overlaps(self, other: Change) -> bool:
        """Tell whether two changes are about the same buffer: they cannot be made together."""
        return bool(np.isin(self.buffer[self.buffer >= 0], other.buffer).any())


@dataclass(frozen=True, slots=True)
class Replayed:
    """A run with a change.

    Attributes
    ----------
    peak_nbytes : int
        Its peak.
    saving : Saving
        What the change saves.
    """

    peak_nbytes: int
    saving: Saving


@dataclass(frozen=True, slots=True, eq=False)
class _Curve:
    """Live bytes of arrays at the moments that can be a peak: after each event, at each mark, and at the peak itself.

    The peak can be between two events, where a buffer below the threshold was allocated.
    """

    nbytes: Int64s
    events: Int64s


@fact
def _live_curve(index: TraceIndex) -> _Curve:
    trace = index.trace
    marks = trace.compacted
    return _Curve(
        np.concatenate([trace.events.live, marks.live, [trace.peak.nbytes, trace.live_nbytes]]),
        np.concatenate([np.arange(1, len(trace.events) + 1), marks.events, [trace.peak.events, len(trace.events)]]),
    )


def replay(index: TraceIndex, change: Change) -> Replayed:
    """Compute the peak of a run with a change.

    Parameters
    ----------
    index : TraceIndex
        The run.
    change : Change
        What the program would hold less.

    Returns
    -------
    Replayed
        All savings are differences to the run as it was.
    """
    trace = index.trace
    count = len(trace.events)
    steps = np.zeros(count + 2, np.int64)
    # An event changes the live bytes after it: `events` = k are those after event k - 1.
    np.add.at(steps, change.start + 1, change.nbytes)
    np.add.at(steps, np.minimum(change.end, count) + 1, -change.nbytes)
    saved = np.cumsum(steps)
    saved_at_end = int(saved[count])
    curve = _live_curve(index)
    peak = int((curve.nbytes - saved[curve.events]).max())
    return Replayed(peak, Saving(trace.peak.nbytes - peak, saved_at_end, change.total_nbytes))
