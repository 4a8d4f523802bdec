"""Timeline of a run: live and resident bytes over time, reduced to the points that a chart can show."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ndmem.analysis.domains import of_domain
from ndmem.analysis.index import fact
from ndmem.model.columns import Domain

from .curve import read_curve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.analysis.index import TraceIndex
    from ndmem.model.columns import Int64s
    from ndmem.model.trace import Trace

    from .curve import Curve

_SECOND = 1_000_000_000


class TimelinePoint(NamedTuple):
    """Live bytes at a time.

    Attributes
    ----------
    time_s : float
        Seconds since tracking started.
    live_nbytes : int
        Live bytes of the program's arrays.
    native_nbytes : int or None
        Live bytes of its native blocks at the same moment; ``None`` if they were not tracked.
    foreign_nbytes : int or None
        The same of its arrays over memory that NumPy did not allocate.
    """

    time_s: float
    live_nbytes: int
    native_nbytes: int | None
    foreign_nbytes: int | None


class ResidentPoint(NamedTuple):
    """Sample of the resident bytes of the process.

    Attributes
    ----------
    time_s : float
        Seconds since tracking started.
    nbytes : int
        Resident bytes.
    """

    time_s: float
    nbytes: int


def timeline(index: TraceIndex, *, points: int = 2000) -> tuple[TimelinePoint, ...]:
    """Return the live bytes over time.

    Parameters
    ----------
    index : TraceIndex
        The run.
    points : int
        Return at most this many points, but never fewer than the start, the peaks, the highest points of the
        run between them and the end.

    Returns
    -------
    tuple of TimelinePoint
        In order: the start; for each interval of time that has events the moment at which arrays were highest and,
        if native memory was tracked, those at which native blocks and both together were highest; the end. The peak
        of arrays and the total peak are among them; a peak that a small buffer reached has the time of the event
        before.
    """
    return tuple(point for _, point in timeline_moments(index, points=points))


@fact
def timeline_moments(index: TraceIndex, *, points: int = 2000) -> list[tuple[int, TimelinePoint]]:
    """Return the points of `timeline`, each with the number of events up to it."""
    trace, curve = index.trace, read_curve(index)
    tracked = trace.native is not None
    series = [curve.live, curve.native, curve.total] if tracked else [curve.live]
    intervals = max((max(points, 4) - 3) // len(series), 1)
    end_ns = max(int(trace.run.duration_s * _SECOND), int(curve.time_ns[-1]) if len(curve) else 0)
    peak_row, total_row = (-1 if peak is None else curve.rows(peak.events) - 1 for peak in (trace.peak, trace.total))
    live_at = _arrays_at_peaks(trace, curve)
    moments: set[int] = set()
    for begin, stop in _split_intervals(curve.time_ns, end_ns, intervals):
        # In the order of `series`; a peak may be higher than its event, if a small buffer reached it afterwards.
        for column, peak in zip(series, [peak_row, -1, total_row], strict=False):
            moments.add(peak if begin <= peak < stop else begin + int(np.argmax(column[begin:stop])))
    none = 0 if tracked else None
    found = [(0, TimelinePoint(0.0, 0, none, none))]
    # That of a cluster sums the peaks of its workers, each at a moment of its own.
    if trace.peak.events == 0 and trace.peak.nbytes and trace.cluster is None:
        found.append((0, TimelinePoint(0.0, trace.peak.nbytes, none, none)))
    for at in sorted(moments):
        live = live_at.get(at, int(curve.live[at]))
        beside = (int(curve.native[at]), int(curve.foreign[at])) if tracked else (None, None)
        found.append((int(curve.events[at]), TimelinePoint(int(curve.time_ns[at]) / _SECOND, live, *beside)))
    foreign = int(of_domain(trace, trace.tallies.live, Domain.FOREIGN).sum()) if tracked else None
    last = TimelinePoint(end_ns / _SECOND, trace.live_nbytes, trace.native_live_nbytes, foreign)
    return [*found, (len(trace.events), last)]


@fact
def resident_timeline(index: TraceIndex, *, points: int = 2000) -> tuple[ResidentPoint, ...]:
    """Return the resident bytes over time.

    Parameters
    ----------
    index : TraceIndex
        The run.
    points : int
        Return at most this many points, each the highest sample of its interval.

    Returns
    -------
    tuple of ResidentPoint
        In order; empty if the process was not sampled.
    """
    time_ns, nbytes = index.trace.rss.time_ns, index.trace.rss.nbytes
    bounds = np.linspace(0, len(nbytes), min(points, len(nbytes)) + 1, dtype=np.int64).tolist()
    highest = [begin + int(np.argmax(nbytes[begin:stop])) for begin, stop in itertools.pairwise(bounds)]
    return tuple(ResidentPoint(int(time_ns[at]) / _SECOND, int(nbytes[at])) for at in highest)


@fact
def highest_by_interval(index: TraceIndex, intervals: int) -> list[int]:
    """Return the highest live bytes of arrays in each of ``intervals`` equal intervals of the run.

    A peak that a small buffer reached is in the interval of the event before it.
    """
    trace, curve = index.trace, read_curve(index)
    end_ns = max(int(trace.run.duration_s * _SECOND), int(curve.time_ns[-1]) if len(curve) else 0)
    live = np.concatenate([[0], curve.live])
    if trace.cluster is None:
        live[curve.rows(trace.peak.events)] = trace.peak.nbytes
    step = end_ns // intervals + 1
    bounds = np.searchsorted(curve.time_ns, step * np.arange(intervals + 1, dtype=np.int64)).tolist()
    # Buffers that are live when an interval begins count in it, also if it has no event.
    return [int(live[begin : stop + 1].max()) for begin, stop in itertools.pairwise(bounds)]


def _split_intervals(time_ns: Int64s, end_ns: int, intervals: int) -> Iterator[tuple[int, int]]:
    """Yield the range of events of each interval of time that has any."""
    # Rounded up, so that the last event falls into the last interval.
    step = end_ns // intervals + 1
    bounds = np.searchsorted(time_ns, step * np.arange(intervals + 1, dtype=np.int64)).tolist()
    yield from ((begin, stop) for begin, stop in itertools.pairwise(bounds) if begin < stop)


def _arrays_at_peaks(trace: Trace, curve: Curve) -> dict[int, int]:
    """Return the live bytes of arrays at both peaks, with those of small buffers, by the row of the event before."""
    found = {}
    if trace.total is not None and trace.total.events and trace.native is not None:
        at = curve.rows(trace.total.events) - 1
        found[at] = max(trace.total.nbytes - int(curve.native[at] + curve.foreign[at]), 0)
    if trace.peak.events:
        found[curve.rows(trace.peak.events) - 1] = trace.peak.nbytes
    return found
