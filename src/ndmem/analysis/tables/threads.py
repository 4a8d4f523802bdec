"""Thread table: the arrays that each thread allocated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ndmem.analysis.index import fact
from ndmem.analysis.moment import Moment, events_until
from ndmem.model.columns import Domain, Kind

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex
    from ndmem.model.columns import Int32s, Int64s

UNKNOWN_THREAD = 2**16 - 1
"""Number of threads that Python does not know, and of those beyond the highest number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """Thread, with the arrays that are events: those of at least the trace's threshold.

    Attributes
    ----------
    number : int
        As the events have it.
    name : str or None
        Its name in Python; ``None`` if it is unknown.
    own_nbytes : int
        Bytes of its arrays live at the moment of the table.
    kept_nbytes : int
        Bytes of its arrays live at the end.
    total_nbytes, count : int
        Bytes and number of all its arrays; a lower bound if events were discarded.
    """

    number: int
    name: str | None
    own_nbytes: int
    kept_nbytes: int
    total_nbytes: int
    count: int


@fact
def thread_table(index: TraceIndex, *, moment: Moment = Moment.PEAK) -> tuple[Thread, ...]:
    """Compute the figures of each thread that allocated an array; most bytes live at the moment first."""
    trace, events = index.trace, index.trace.events
    born = np.flatnonzero((events.kind == Kind.BORN) & (events.domain == Domain.ARRAY))
    thread, nbytes, buffer = events.thread[born].astype(np.int64), events.nbytes[born], events.buffer[born]

    def sum_alive(until: int) -> dict[int, int]:
        known = born < until
        alive = known.copy()
        alive[known] = events.alive_after(until, domain=Domain.ARRAY)[buffer[known]]
        return _sum_by(thread[alive], nbytes[alive])

    own, kept = sum_alive(events_until(trace, moment)), sum_alive(len(events))
    total, count = _sum_by(thread, nbytes), _sum_by(thread, np.ones(len(born), np.int64))
    rows = [
        Thread(
            number=number,
            name=trace.threads.get(number),
            own_nbytes=own.get(number, 0),
            kept_nbytes=kept.get(number, 0),
            total_nbytes=total[number],
            count=count[number],
        )
        for number in sorted(total)
    ]
    return tuple(sorted(rows, key=lambda row: (-row.own_nbytes, -row.total_nbytes, row.number)))


def _sum_by(keys: Int64s, values: Int64s) -> dict[int, int]:
    found, place = np.unique(keys, return_inverse=True)
    sums = np.zeros(len(found), np.int64)
    np.add.at(sums, place, values)
    return dict(zip(found.tolist(), sums.tolist(), strict=True))


@fact
def birth_threads(index: TraceIndex) -> Int32s:
    """Return the number of the thread that allocated each buffer, shape (k,), by the buffer's number."""
    events = index.trace.events
    born = events.kind == Kind.BORN
    threads = np.full(int(events.buffer.max(initial=-1)) + 1, UNKNOWN_THREAD, np.int32)
    threads[events.buffer[born]] = events.thread[born]
    return threads


@fact
def node_threads(index: TraceIndex) -> dict[int, frozenset[int]]:
    """Return the threads that allocated an array at each node; nodes whose arrays have no events are not there."""
    events = index.trace.events
    born = (events.kind == Kind.BORN) & (events.domain == Domain.ARRAY)
    pairs = np.unique(np.stack([events.stack[born].astype(np.int64), events.thread[born].astype(np.int64)]), axis=1)
    found: dict[int, set[int]] = {}
    for node, thread in pairs.T.tolist():
        found.setdefault(node, set()).add(thread)
    return {node: frozenset(threads) for node, threads in found.items()}
