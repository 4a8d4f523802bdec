"""Curve of a run: live bytes after each event, and at the marks that compaction left in place of events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ndmem.analysis.domains import live_in, native_live
from ndmem.analysis.index import fact
from ndmem.model.columns import Domain

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex
    from ndmem.model.columns import Int64s


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Live bytes at the known moments, in order.

    Attributes
    ----------
    time_ns : (n,) int64
        Nanoseconds since the start.
    live, foreign, native : (n,) int64
        Live bytes of arrays, of those over memory that NumPy did not allocate, and of native blocks; the last two are
        zeros if native memory was not tracked.
    events : (n,) int64
        Number of the trace's events until then.
    """

    time_ns: Int64s
    live: Int64s
    foreign: Int64s
    native: Int64s
    events: Int64s

    def __len__(self) -> int:
        return len(self.time_ns)

    @property
    def total(self) -> Int64s:
        """All live bytes that are tracked, shape (n,)."""
        return self.live + self.foreign + self.native

    def rows(self, events: int) -> int:
        """Return the number of moments up to and including the last of ``events`` events."""
        return int(np.searchsorted(self.events, events)) + 1 if events else 0


@fact
def read_curve(index: TraceIndex) -> Curve:
    """Read the live bytes of a run at its events and marks."""
    events, marks, native = index.trace.events, index.trace.compacted, native_live(index)
    foreign = live_in(index, Domain.FOREIGN)
    counted = np.arange(1, len(events) + 1)
    if not len(marks):
        return Curve(events.time_ns, events.live, foreign, native, counted)
    at = marks.events
    return Curve(
        np.insert(events.time_ns, at, marks.time_ns),
        np.insert(events.live, at, marks.live),
        np.insert(foreign, at, np.concatenate([[0], foreign])[at]),
        np.insert(native, at, marks.native),
        np.insert(counted, at, at),
    )
