"""The ways in which call stacks are weighed: what of their arrays counts."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import numpy as np

from ndmem.model.columns import Domain, Kind

from .domains import of_domain
from .frames import mark_user_nodes, standing_nodes
from .moment import Moment, nbytes_by_node
from .tree import count_depth, split_levels

if TYPE_CHECKING:
    from ndmem.model.columns import Int64s
    from ndmem.model.trace import Trace


class Measure(enum.Enum):
    """What of a call stack's arrays is weighed, in bytes.

    ``PEAK`` is what was alive at the peak, ``KEPT`` what was alive at the end, ``TOTAL`` all that was ever allocated,
    ``TEMPORARY`` the part of it that died within the execution of the user's statement that made it.
    """

    PEAK = "peak"
    KEPT = "kept"
    TOTAL = "total"
    TEMPORARY = "temporary"

    @classmethod
    def of(cls, moment: Moment) -> Measure:
        """Return what weighs stacks by their arrays alive at a moment."""
        return cls.PEAK if moment is Moment.PEAK else cls.KEPT


def weigh_nodes(trace: Trace, measure: Measure) -> Int64s:
    """Return the bytes of the arrays born at each node of the call tree that a measure counts, shape (n,).

    Of temporaries only those of the trace's threshold and more are known.
    """
    if measure is Measure.TEMPORARY:
        return _sum_temporaries(trace)
    if measure is Measure.TOTAL:
        return of_domain(trace, trace.tallies.total, Domain.ARRAY)
    return nbytes_by_node(trace, Moment.PEAK if measure is Measure.PEAK else Moment.END)


def _sum_temporaries(trace: Trace) -> Int64s:
    """Sum the temporaries born at each node."""
    events, sums = trace.events, np.zeros(len(trace.tree), np.int64)
    arrays = events.domain == Domain.ARRAY
    deaths = np.flatnonzero(arrays & (events.kind == Kind.DIED) & (events.within >= 0))
    if not len(deaths):
        return sums
    births = arrays & (events.kind == Kind.BORN)
    birthplace = np.full(int(events.buffer.max()) + 1, -1, np.int32)
    birthplace[events.buffer[births]] = events.stack[births]
    node = birthplace[events.buffer[deaths]]
    deaths, node = deaths[node >= 0], node[node >= 0]  # a birth may have been dropped
    depth = count_depth(split_levels(trace.tree.parent), nodes=len(trace.tree))
    standing = standing_nodes(trace, mark_user_nodes(trace))
    own = events.within[deaths] >= depth[standing[node]]
    np.add.at(sums, node[own], events.nbytes[deaths[own]])
    return sums
