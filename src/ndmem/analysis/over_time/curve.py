"""Curve of a run: live bytes after each event, and at the marks that compaction left in place of events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ndmem.analysis.domains import native_live
from ndmem.analysis.index import fact

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
    live, native : (n,) int64
        Live bytes of arrays, and of native blocks; the latter are zeros if they were not tracked.
    events : (n,) int64
        Number of the trace's events until then.
    """

    time_ns: Int64s
    live: Int64s
    native: Int64s
    events: Int64s

    def __len__(self) -> int:
        return len(self.time_ns)

    def rows(self, events: int) -> int:
        """Return the number of moments up to and including the last of ``events`` events."""
        return int(np.searchsorted(self.events, events)) + 1 if events else 0


@fact
def read_curve(index: TraceIndex) -> Curve:
    """Read the live bytes of a run at its events and marks."""
    events, marks, native = index.trace.events, index.trace.compacted, native_live(index)
    counted = np.arange(1, len(events) + 1)
    if not len(marks):
        return Curve(events.time_ns, events.live, native, counted)
    at = marks.events
    return Curve(
        np.insert(events.time_ns, at, marks.time_ns),
        np.insert(events.live, at, marks.live),
        np.insert(native, at, marks.native),
        np.insert(counted, at, at),
    )
