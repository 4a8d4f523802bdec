"""Measures of a call stack: which bytes of its arrays count."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import numpy as np

from ndmem.model.columns import Domain, Kind

from .call_tree.frames import statement_depths
from .domains import of_domain
from .index import fact
from .moment import Moment, nbytes_by_node

if TYPE_CHECKING:
    from ndmem.model.columns import Int64s

    from .index import TraceIndex


class Measure(enum.Enum):
    """Bytes of a call stack's arrays that count.

    ``PEAK`` counts the bytes live at the peak, ``KEPT`` those live at the end, ``TOTAL`` all that were ever allocated,
    ``TEMPORARY`` those freed within the execution of the user's statement that allocated them.
    """

    PEAK = "peak"
    KEPT = "kept"
    TOTAL = "total"
    TEMPORARY = "temporary"

    @classmethod
    def of(cls, moment: Moment) -> Measure:
        """Return the measure of arrays live at a moment."""
        return cls.PEAK if moment is Moment.PEAK else cls.KEPT


@fact
def weigh_nodes(index: TraceIndex, measure: Measure) -> Int64s:
    """Return the bytes allocated at each node of the call tree that a measure counts, shape (n,).

    Only temporaries of at least the trace's threshold are known.
    """
    if measure is Measure.TEMPORARY:
        return _sum_temporaries(index)
    trace = index.trace
    if measure is Measure.TOTAL:
        return of_domain(trace, trace.tallies.total, Domain.ARRAY)
    return nbytes_by_node(trace, Moment.PEAK if measure is Measure.PEAK else Moment.END)


def _sum_temporaries(index: TraceIndex) -> Int64s:
    trace = index.trace
    events, sums = trace.events, np.zeros(len(trace.tree), np.int64)
    arrays = events.domain == Domain.ARRAY
    deaths = np.flatnonzero(arrays & (events.kind == Kind.DIED) & (events.within >= 0))
    if not len(deaths):
        return sums
    births = arrays & (events.kind == Kind.BORN)
    birthplace = np.full(int(events.buffer.max()) + 1, -1, np.int32)
    birthplace[events.buffer[births]] = events.stack[births]
    node = birthplace[events.buffer[deaths]]
    deaths, node = deaths[node >= 0], node[node >= 0]  # the event of an allocation may have been dropped
    own = events.within[deaths] >= statement_depths(index)[node]
    np.add.at(sums, node[own], events.nbytes[deaths[own]])
    return sums
