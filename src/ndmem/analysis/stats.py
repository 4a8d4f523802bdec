"""The totals of a run, and how big its buffers were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ndmem.model.columns import Domain, Kind

from .domains import Domains, compute_domains, of_domain

if TYPE_CHECKING:
    from ndmem.model.trace import Trace


@dataclass(frozen=True, slots=True)
class SizeClass:
    """The buffers of one order of size.

    Attributes
    ----------
    min_nbytes, max_nbytes : int
        Smallest and largest size that belong here.
    count : int
        Buffers ever born.
    total_nbytes : int
        Their bytes.
    """

    min_nbytes: int
    max_nbytes: int
    count: int
    total_nbytes: int


@dataclass(frozen=True, slots=True)
class Stats:
    """Totals of a run, of arrays where nothing else is said.

    Attributes
    ----------
    peak_nbytes, live_nbytes_at_end, total_nbytes : int
        Highest live bytes, bytes alive at the end, bytes ever allocated.
    count : int
        Buffers ever born, of every size.
    threshold_nbytes : int
        From here on buffers were single events.
    events, dropped, left_out : int
        Births and deaths in the record, those of both kinds of memory lost for want of room, and those that a long run
        left out again.
    stacks : int
        Different call stacks at which something happened.
    threads : int
        Threads in which large buffers were born or died.
    duration_s : float
        Seconds tracked.
    sizes : tuple of SizeClass
        Large buffers by powers of four, then the small ones together in front.
    domains : Domains
        The totals of arrays and of native blocks.
    native_threshold_nbytes : int or None
        From here on native blocks were seen; ``None`` where they were not watched.
    total_peak_nbytes : int or None
        Highest live bytes of arrays and native blocks together; ``None`` where native memory was not watched.
    rss_peak_nbytes : int or None
        Highest resident bytes of the process; ``None`` where they were not measured.
    ended : str or None
        ``"exit"`` or ``"signal 9"``; ``None`` while it runs and for code tracked from inside.
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


def compute_stats(trace: Trace) -> Stats:
    """Compute the totals of a run."""
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
        left_out=trace.folded.left_out(),
        stacks=int(np.count_nonzero(counts)),
        threads=len(np.unique(events.thread[arrays])),
        duration_s=trace.run.duration_s,
        sizes=(*_small(trace, count - len(born), int(born.sum())), *_classify(born)),
        domains=compute_domains(trace),
        native_threshold_nbytes=trace.run.native_threshold,
        total_peak_nbytes=None if trace.total is None else trace.total.nbytes,
        rss_peak_nbytes=trace.rss_peak_nbytes,
        ended=trace.run.ended,
    )


def _small(trace: Trace, count: int, large_nbytes: int) -> tuple[SizeClass, ...]:
    """Return the class of buffers that were only counted; none if there are none, or if births are missing."""
    if not count or trace.dropped or len(trace.folded):
        return ()
    return (SizeClass(0, trace.run.threshold - 1, count, trace.total_nbytes - large_nbytes),)


def _classify(nbytes: np.ndarray[tuple[int], np.dtype[np.int64]]) -> tuple[SizeClass, ...]:
    """Return the classes of large buffers that are not empty."""
    # By comparison with exact powers: a logarithm in floating point puts 4**k - 1 into the next class.
    powers = 4 ** np.arange(32, dtype=np.int64)
    order = np.searchsorted(powers, nbytes, side="right") - 1
    return tuple(
        SizeClass(4**k, 4 ** (k + 1) - 1, int(np.count_nonzero(order == k)), int(nbytes[order == k].sum()))
        for k in np.unique(order).tolist()
    )
