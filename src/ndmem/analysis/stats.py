"""Totals of a run, and its buffers by size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ndmem.model.columns import Domain, Kind

from .domains import Domains, compute_domains, of_domain
from .index import fact

if TYPE_CHECKING:
    from ndmem.model.trace import Trace

    from .index import TraceIndex


@dataclass(frozen=True, slots=True)
class SizeClass:
    """Buffers of one order of size.

    Attributes
    ----------
    min_nbytes, max_nbytes : int
        Smallest and largest size of the class.
    count : int
        Buffers ever allocated.
    total_nbytes : int
        Their bytes.
    """

    min_nbytes: int
    max_nbytes: int
    count: int
    total_nbytes: int


@dataclass(frozen=True, slots=True)
class Stats:
    """Totals of a run; figures that do not name a domain refer to arrays.

    Attributes
    ----------
    peak_nbytes, live_nbytes_at_end, total_nbytes : int
        Highest live bytes, bytes alive at the end, bytes ever allocated.
    count : int
        Buffers ever allocated, of every size.
    threshold_nbytes : int
        Buffers of at least this size are single events.
    events, dropped, left_out : int
        Allocations and deallocations in the record; events of both domains lost because the disk was full; events
        that compaction discarded in a long run.
    stacks : int
        Different call stacks that allocated arrays.
    threads : int
        Threads that allocated or freed large buffers.
    duration_s : float
        Seconds tracked.
    sizes : tuple of SizeClass
        First the small buffers as one class, then the large ones by powers of four.
    domains : Domains
        The totals of arrays and of native blocks.
    native_threshold_nbytes : int or None
        Native blocks of at least this size are single events; ``None`` if they were not tracked.
    total_peak_nbytes : int or None
        Highest live bytes of arrays and native blocks together; ``None`` if native memory was not tracked.
    rss_peak_nbytes : int or None
        Highest resident bytes of the process; ``None`` if they were not measured.
    ended : str or None
        ``"exit"`` or ``"signal 9"``; ``None`` while it runs, and for an `ndmem.track()` block.
    """

    peak_nbytes: int
    live_nbytes_at_end: int
    total_nbytes: int
    count: int
    threshold_nbytes: int
    events: int
    dropped: int
    left_out: int
    stacks: int
    threads: int
    duration_s: float
    sizes: tuple[SizeClass, ...]
    domains: Domains
    native_threshold_nbytes: int | None
    total_peak_nbytes: int | None
    rss_peak_nbytes: int | None
    ended: str | None


@fact
def compute_stats(index: TraceIndex) -> Stats:
    """Compute the totals of a run."""
    trace = index.trace
    events, arrays = trace.events, trace.events.domain == Domain.ARRAY
    born = events.nbytes[arrays & (events.kind == Kind.BORN)]
    counts = of_domain(trace, trace.tallies.count, Domain.ARRAY)
    count = int(counts.sum())
    return Stats(
        peak_nbytes=trace.peak.nbytes,
        live_nbytes_at_end=trace.live_nbytes,
        total_nbytes=trace.total_nbytes,
        count=count,
        threshold_nbytes=trace.run.threshold,
        events=int(np.count_nonzero(arrays)),
        dropped=trace.dropped,
        left_out=trace.compacted.left_out(),
        stacks=int(np.count_nonzero(counts)),
        threads=len(np.unique(events.thread[arrays])),
        duration_s=trace.run.duration_s,
        sizes=(*_classify_small(trace, count - len(born), int(born.sum())), *_classify_large(born)),
        domains=compute_domains(index),
        native_threshold_nbytes=trace.run.native_threshold,
        total_peak_nbytes=None if trace.total is None else trace.total.nbytes,
        rss_peak_nbytes=trace.rss_peak_nbytes,
        ended=trace.run.ended,
    )


def _classify_small(trace: Trace, count: int, large_nbytes: int) -> tuple[SizeClass, ...]:
    # If births are missing from the events, the difference to the counters is not the small buffers alone.
    if not count or trace.dropped or len(trace.compacted) or trace.run.is_counted_only:
        return ()
    return (SizeClass(0, trace.run.threshold - 1, count, trace.total_nbytes - large_nbytes),)


def _classify_large(nbytes: np.ndarray[tuple[int], np.dtype[np.int64]]) -> tuple[SizeClass, ...]:
    # By comparison with exact powers: a logarithm in floating point puts 4**k - 1 into the next class.
    powers = 4 ** np.arange(32, dtype=np.int64)
    order = np.searchsorted(powers, nbytes, side="right") - 1
    return tuple(
        SizeClass(4**k, 4 ** (k + 1) - 1, int(np.count_nonzero(order == k)), int(nbytes[order == k].sum()))
        for k in np.unique(order).tolist()
    )
