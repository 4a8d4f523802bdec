"""Arrays and native blocks apart, and together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ndmem.model.columns import Domain

if TYPE_CHECKING:
    from ndmem.model.columns import Int64s
    from ndmem.model.trace import Trace


@dataclass(frozen=True, slots=True)
class DomainTotals:
    """What a run had in memory of one kind.

    Attributes
    ----------
    peak_nbytes, live_nbytes, total_nbytes : int
        Highest live bytes, bytes alive at the end, bytes ever allocated.
    """

    peak_nbytes: int
    live_nbytes: int
    total_nbytes: int


@dataclass(frozen=True, slots=True)
class Domains:
    """Both kinds of memory.

    Attributes
    ----------
    array : DomainTotals
        Buffers of NumPy arrays.
    native : DomainTotals or None
        Blocks of ``RunInfo.native_threshold`` bytes and more that were allocated beside NumPy; ``None`` where they
        were not watched.
    """

    array: DomainTotals
    native: DomainTotals | None


def compute_domains(trace: Trace) -> Domains:
    """Compute the totals of both kinds of memory."""
    array = DomainTotals(trace.peak.nbytes, trace.live_nbytes, trace.total_nbytes)
    live, total = trace.native_live_nbytes, trace.native_total_nbytes
    if trace.native is None or live is None or total is None:
        return Domains(array, None)
    return Domains(array, DomainTotals(trace.native.nbytes, live, total))


def of_domain(trace: Trace, values: Int64s, domain: Domain, *, other: int = 0) -> Int64s:
    """Return counters of the call tree's nodes, shape (n,), with ``other`` at the nodes of other domains."""
    return np.where(trace.tree.domain == domain, values, other)
