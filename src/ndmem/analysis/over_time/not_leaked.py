"""What looks like a leak and is none: garbage, resident memory that grew beside the live bytes, mapped files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ndmem.analysis.domains import live_in
from ndmem.analysis.index import fact
from ndmem.model.columns import Domain
from ndmem.model.holder import GARBAGE

from .lifetimes import array_lifetimes

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex
    from ndmem.model.columns import Int64s

_LEAST_NBYTES = 2**24
"""Growth of resident memory that is worth a sentence: below it, it is that of the interpreter."""

_LEAST_SHARE = 20
"""And from this part of the peak of resident memory on: a twentieth."""


_WINDOW_NS = 50_000_000
"""Times of events and of samples are from two processes and coarse clocks: what was live within 50 ms counts."""


@dataclass(frozen=True, slots=True, eq=False)
class _Live:
    """The least and the most bytes that were live around each sample of resident memory, shape (k,) each."""

    least: Int64s
    most: Int64s


@dataclass(frozen=True, slots=True)
class Garbage:
    """Arrays that only cycles of references held at the end.

    Attributes
    ----------
    nbytes, count : int
        Their bytes and number.
    """

    nbytes: int
    count: int


@dataclass(frozen=True, slots=True)
class ResidentGrowth:
    """Resident memory that is higher at the end than it was with as many live bytes.

    Attributes
    ----------
    start_s, end_s : float
        Times of the two samples, in seconds since tracking started.
    start_nbytes, end_nbytes : int
        Resident bytes then.
    live_start_nbytes, live_end_nbytes : int
        Live bytes then.
    with_native : bool
        Whether native memory was watched, and is among the live bytes.
    """

    start_s: float
    end_s: float
    start_nbytes: int
    end_nbytes: int
    live_start_nbytes: int
    live_end_nbytes: int
    with_native: bool

    @property
    def nbytes(self) -> int:
        """Bytes by which resident memory grew."""
        return self.end_nbytes - self.start_nbytes

    @property
    def untouched_nbytes(self) -> int:
        """Live bytes that were not in memory at the first sample: of zeros that nothing had written yet."""
        return max(self.live_start_nbytes - self.start_nbytes, 0)

    @property
    def freed_nbytes(self) -> int:
        """Live bytes that were freed between the samples: what malloc may have kept of them is no more than that."""
        return max(self.live_start_nbytes - self.live_end_nbytes, 0)


@dataclass(frozen=True, slots=True)
class NotLeaked:
    """What looks like a leak at the end of a run and is none, each ``None`` or 0 where it was not seen.

    Attributes
    ----------
    garbage : Garbage or None
        Arrays that only cycles of references held.
    resident : ResidentGrowth or None
        Growth of resident memory that no live bytes explain.
    unwritten_nbytes : int
        Live bytes that exceed resident memory at the end: of zeros that nothing has written.
    mapped_nbytes : int
        Bytes of mapped files, whose pages are the system's cache.
    """

    garbage: Garbage | None
    resident: ResidentGrowth | None
    unwritten_nbytes: int
    mapped_nbytes: int


@fact
def find_not_leaked(index: TraceIndex) -> NotLeaked:
    """Find what looks like a leak at the end of a run and is none, where that was measured."""
    live, sampled = _live_at_samples(index), index.trace.rss
    mapped = live_in(index, Domain.MAPPED)
    unwritten = int(live.least[-1] - sampled.nbytes[-1]) if len(sampled) else 0
    return NotLeaked(
        garbage=_find_garbage(index),
        resident=_find_growth(index, live),
        unwritten_nbytes=unwritten if unwritten >= _least(index) else 0,
        mapped_nbytes=int(mapped[-1]) if len(mapped) and int(mapped[-1]) >= _least(index) else 0,
    )


def _least(index: TraceIndex) -> int:
    return max(_LEAST_NBYTES, (index.trace.rss_peak_nbytes or 0) // _LEAST_SHARE)


def _find_garbage(index: TraceIndex) -> Garbage | None:
    lives, numbers = array_lifetimes(index), {each.buffer for each in index.trace.holders if each.function == GARBAGE}
    if lives is None or not numbers:
        return None
    left = np.isin(lives.buffer, list(numbers)) & ~lives.freed
    return Garbage(int(lives.nbytes[left].sum()), int(left.sum())) if left.any() else None


def _live_at_samples(index: TraceIndex) -> _Live:
    """Return the live bytes around each sample: of arrays, and of native blocks where they were watched."""
    trace, events = index.trace, index.trace.events
    live = events.live if trace.native is None else events.live + trace.native_live()
    after = np.concatenate([[0], live, [0]])  # after so many events; the last one is only a bound for `reduceat`
    first = np.searchsorted(events.time_ns, trace.rss.time_ns - _WINDOW_NS)
    last = np.searchsorted(events.time_ns, trace.rss.time_ns + _WINDOW_NS, side="right") + 1
    places = np.stack([first, last], axis=1).ravel()
    if not len(places):
        return _Live(np.empty(0, np.int64), np.empty(0, np.int64))
    return _Live(np.minimum.reduceat(after, places)[::2], np.maximum.reduceat(after, places)[::2])


def _find_growth(index: TraceIndex, live: _Live) -> ResidentGrowth | None:
    """Compare the last sample with the lowest one at which at least as many bytes were live."""
    trace = index.trace
    if len(live.least) < 2 or trace.run.is_cut:
        return None
    resident = trace.rss.nbytes
    before = np.flatnonzero((live.least[:-1] >= live.most[-1]) & (live.least[:-1] > 0))
    if not len(before):
        return None
    start = int(before[resident[before].argmin()])
    found = ResidentGrowth(
        start_s=int(trace.rss.time_ns[start]) / 1e9,
        end_s=int(trace.rss.time_ns[-1]) / 1e9,
        start_nbytes=int(resident[start]),
        end_nbytes=int(resident[-1]),
        live_start_nbytes=int(live.least[start]),
        live_end_nbytes=int(live.most[-1]),
        with_native=trace.native is not None,
    )
    return found if found.nbytes >= _least(index) else None
