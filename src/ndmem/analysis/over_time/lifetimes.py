"""Lifetimes of arrays: the events at which each buffer was allocated and freed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ndmem.analysis.index import fact
from ndmem.model.columns import Domain, Kind

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex
    from ndmem.model.columns import Bools, Int32s, Int64s


@dataclass(frozen=True, slots=True, eq=False)
class Lifetimes:
    """Buffers of arrays as columns.

    Attributes
    ----------
    buffer, nbytes : (k,) int64
        Number and bytes.
    node : (k,) int32
        Node of the call tree that allocated each.
    born, died : (k,) int64
        Number of the event that allocated it, and of the one that freed it; the number of all events if none did.
    born_ns, died_ns : (k,) int64
        Nanoseconds since the start; ``died_ns`` is the end of the run if it was never freed.
    freed : (k,) bool
        Whether an event freed it.
    """

    buffer: Int64s
    nbytes: Int64s
    node: Int32s
    born: Int64s
    died: Int64s
    born_ns: Int64s
    died_ns: Int64s
    freed: Bools

    def __len__(self) -> int:
        return len(self.buffer)

    def at(self, places: Int64s) -> Lifetimes:
        """Return some of the buffers, by their places in the columns."""
        return Lifetimes(
            self.buffer[places],
            self.nbytes[places],
            self.node[places],
            self.born[places],
            self.died[places],
            self.born_ns[places],
            self.died_ns[places],
            self.freed[places],
        )


@fact
def array_lifetimes(index: TraceIndex) -> Lifetimes | None:
    """Find the lifetime of each array that is an event, in the order of allocation.

    Returns
    -------
    Lifetimes or None
        ``None`` if events were dropped: which arrays were freed is unknown then. Arrays that a long run left out, and
        those below the threshold, are not among them.
    """
    trace = index.trace
    if trace.dropped:
        return None
    events = trace.events
    arrays = events.domain == Domain.ARRAY
    born = np.flatnonzero(arrays & (events.kind == Kind.BORN))
    deaths = np.flatnonzero(arrays & (events.kind == Kind.DIED))
    died_of = np.full(int(events.buffer.max(initial=-1)) + 1, len(events), np.int64)
    died_of[events.buffer[deaths]] = deaths
    died = died_of[events.buffer[born]]
    end_ns = max(int(trace.run.duration_s * 1e9), int(events.time_ns.max(initial=0)))
    return Lifetimes(
        buffer=events.buffer[born],
        nbytes=events.nbytes[born],
        node=events.stack[born],
        born=born,
        died=died,
        born_ns=events.time_ns[born],
        died_ns=np.append(events.time_ns, end_ns)[died],
        freed=died < len(events),
    )
