"""Live bytes as a run knew them: after each event, and at the marks in place of events that were left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ndmem.model.columns import Int64s
    from ndmem.model.trace import Trace


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Live bytes at the moments that are known, in order.

    Attributes
    ----------
    time_ns : (n,) int64
        Nanoseconds since the start.
    live, native : (n,) int64
        Live bytes of arrays, and of native blocks; the latter are zeros where they were not watched.
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
        """Return how many moments there were up to and including the last of so many events."""
        return int(np.searchsorted(self.events, events)) + 1 if events else 0


def read_curve(trace: Trace) -> Curve:
    """Return the live bytes of a run over its events and marks."""
    events, marks = trace.events, trace.folded
    counted = np.arange(1, len(events) + 1)
    if not len(marks):
        return Curve(events.time_ns, events.live, trace.native_live(), counted)
    at = marks.events
    return Curve(
        np.insert(events.time_ns, at, marks.time_ns),
        np.insert(events.live, at, marks.live),
        np.insert(trace.native_live(), at, marks.native),
        np.insert(counted, at, at),
    )
