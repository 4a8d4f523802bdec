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
    """Totals of a run in both domains.

    Attributes
    ----------
    array : DomainTotals
        Buffers of NumPy arrays.
    native : DomainTotals or None
        Blocks of at least ``RunInfo.native_threshold`` bytes that were allocated outside NumPy; ``None`` if they were
        not tracked.
    """

    array: DomainTotals
    native: DomainTotals | None


WORTH_SHOWING = 10
"""Tables show native memory from this part of the total peak on; the number is its denominator."""


@fact
def compute_domains(index: TraceIndex) -> Domains:
    """Compute the totals of both domains."""
    trace = index.trace
    array = DomainTotals(trace.peak.nbytes, trace.live_nbytes, trace.total_nbytes)
    live, total = trace.native_live_nbytes, trace.native_total_nbytes
    if trace.native is None or live is None or total is None:
        return Domains(array, None)
    return Domains(array, DomainTotals(trace.native.nbytes, live, total))


@fact
def native_live(index: TraceIndex) -> Int64s:
    """Return the live bytes of native blocks after each event, shape (m,); discarded events are counted."""
    return index.trace.native_live()


def of_domain(trace: Trace, values: Int64s, domain: Domain, *, other: int = 0) -> Int64s:
    """Return counters of the call tree's nodes, shape (n,), with ``other`` at the nodes of other domains."""
    return np.where(trace.tree.domain == domain, values, other)
