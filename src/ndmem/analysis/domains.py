"""Domains of memory: arrays and native blocks, apart and together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ndmem.model.columns import Domain

from .index import fact

if TYPE_CHECKING:
    from ndmem.model.columns import Int64s
    from ndmem.model.trace import Trace

    from .index import TraceIndex


@dataclass(frozen=True, slots=True)
class DomainTotals:
    """Totals of a run in one domain.

    Attributes
    ----------
    peak_nbytes, live_nbytes, total_nbytes : int
        Highest live bytes, bytes live at the end, bytes ever allocated.
    """

    peak_nbytes: int
    live_nbytes: int
    total_nbytes: int


@dataclass(frozen=True, slots=True)
class Domains:
    """Totals of a run in each domain.

    Attributes
    ----------
    array : DomainTotals
        Buffers of NumPy arrays.
    foreign : DomainTotals or None
        Blocks of at least ``RunInfo.native_threshold`` bytes that were allocated outside NumPy, and in which an array
        was found; ``None`` if native memory was not tracked.
    native : DomainTotals or None
        Other such blocks.
    mapped : DomainTotals or None
        Mapped files, which are not part of the total peak.
    """

    array: DomainTotals
    foreign: DomainTotals | None
    native: DomainTotals | None
    mapped: DomainTotals | None


WORTH_SHOWING = 10
"""Tables show native memory from this part of the total peak on; the number is its denominator."""


@fact
def compute_domains(index: TraceIndex) -> Domains:
    """Compute the totals of each domain."""
    trace = index.trace
    array = DomainTotals(trace.peak.nbytes, trace.live_nbytes, trace.total_nbytes)
    live, total = trace.native_live_nbytes, trace.native_total_nbytes
    if trace.native is None or live is None or total is None:
        return Domains(array, None, None, None)
    native = DomainTotals(trace.native.nbytes, live, total)
    return Domains(array, _sum_up(index, Domain.FOREIGN), native, _sum_up(index, Domain.MAPPED))


def _sum_up(index: TraceIndex, domain: Domain) -> DomainTotals:
    tallies, nodes = index.trace.tallies, index.trace.tree.domain == domain
    return DomainTotals(
        int(live_in(index, domain).max(initial=0)), int(tallies.live[nodes].sum()), int(tallies.total[nodes].sum())
    )


@fact
def native_live(index: TraceIndex) -> Int64s:
    """Return the live bytes of native blocks after each event, shape (m,); discarded events are counted."""
    return index.trace.native_live()


@fact
def live_in(index: TraceIndex, domain: Domain) -> Int64s:
    """Return the live bytes of a domain after each event, shape (m,), of the buffers that are events."""
    events = index.trace.events
    return events.running_nbytes(events.domain == domain)


def of_domain(trace: Trace, values: Int64s, domain: Domain, *, other: int = 0) -> Int64s:
    """Return counters of the call tree's nodes, shape (n,), with ``other`` at the nodes of other domains."""
    return np.where(trace.tree.domain == domain, values, other)
