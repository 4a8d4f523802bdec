"""Moments of a run that views show: the peak of arrays and the end."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from ndmem.model.columns import Domain

from .domains import of_domain

if TYPE_CHECKING:
    from ndmem.model.columns import Int64s
    from ndmem.model.trace import Trace


class Moment(enum.Enum):
    """Moment of a run at which the live bytes are known for every node of the call tree."""

    PEAK = "peak"
    END = "end"


def nbytes_at(trace: Trace, moment: Moment) -> int:
    """Return the live bytes of the whole program's arrays at a moment."""
    return trace.peak.nbytes if moment is Moment.PEAK else trace.live_nbytes


def nbytes_by_node(trace: Trace, moment: Moment) -> Int64s:
    """Return the live bytes at a moment of the arrays allocated at each node, shape (n,); 0 at native nodes."""
    nbytes = trace.tallies.at_peak if moment is Moment.PEAK else trace.tallies.live
    return of_domain(trace, nbytes, Domain.ARRAY)


def events_until(trace: Trace, moment: Moment) -> int:
    """Return the number of events up to and including a moment."""
    return trace.peak.events if moment is Moment.PEAK else len(trace.events)
