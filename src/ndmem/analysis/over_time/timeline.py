"""Live and resident bytes over time, thinned to what a chart can show."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .curve import read_curve

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        Live bytes of its native blocks at the same moment; ``None`` where they were not watched.
    """

    time_s: float
    live_nbytes: int
    native_nbytes: int | None


class ResidentPoint(NamedTuple):
    """Resident bytes of the process at a time: a sample, taken from outside.

    Attributes
    ----------
    time_s : float
        Seconds since tracking started.
    nbytes : int
        Resident bytes.
    """

    time_s: float
    nbytes: int


def timeline(trace: Trace, *, points: int = 2000) -> tuple[TimelinePoint, ...]:
    """Return the live bytes over time.

    Parameters
    ----------
    trace : Trace
        The run.
    points : int
        Return at most this many points, but never fewer than the start, the peaks, the highest points of the
        run between them and the end.

    Returns
    -------
    tuple of TimelinePoint
        In order: the start; for each interval of time of which any moment is known the one at which arrays were
        highest, and where native memory was watched also those at which native blocks, and both together, were;
        the end. The peak of arrays and the total peak are among them; where a small buffer made one, at the time of
        the event before.
    """
    return tuple(point for _, point in timeline_moments(trace, points=points))


def timeline_moments(trace: Trace, *, points: int = 2000) -> list[tuple[int, TimelinePoint]]:
    """Return the points of `timeline`, each with the number of events until then."""
    curve, watched = read_curve(trace), trace.native is not None
    series = [curve.live, curve.native, curve.live + curve.native] if watched else [curve.live]
    intervals = max((max(points, 4) - 3) // len(series), 1)
    end_ns = max(int(trace.run.duration_s * _SECOND), int(curve.time_ns[-1]) if len(curve) else 0)
    peak_row, total_row = (-1 if peak is None else curve.rows(peak.events) - 1 for peak in (trace.peak, trace.total))
    live_at = _arrays_at_peaks(trace, curve)
    moments: set[int] = set()
    for begin, stop in _split(curve.time_ns, end_ns, intervals):
        # The arrays' peak comes first, the total peak last; a small buffer may have made it after an event.
        for column, peak in zip(series, [peak_row, -1, total_row], strict=False):
            moments.add(peak if begin <= peak < stop else begin + int(np.argmax(column[begin:stop])))
    found = [(0, TimelinePoint(0.0, 0, 0 if watched else None))]
    if trace.peak.events == 0 and trace.peak.nbytes:
        found.append((0, TimelinePoint(0.0, trace.peak.nbytes, 0 if watched else None)))
    for at in sorted(moments):
        live = live_at.get(at, int(curve.live[at]))
        nbytes = int(curve.native[at]) if watched else None
        found.append((int(curve.events[at]), TimelinePoint(int(curve.time_ns[at]) / _SECOND, live, nbytes)))
    last = TimelinePoint(end_ns / _SECOND, trace.live_nbytes, trace.native_live_nbytes)
    return [*found, (len(trace.events), last)]


def resident_timeline(trace: Trace, *, points: int = 2000) -> tuple[ResidentPoint, ...]:
    """Return the resident bytes over time.

    Parameters
    ----------
    trace : Trace
        The run.
    points : int
        Return at most this many points, each the highest of its neighbours.

    Returns
    -------
    tuple of ResidentPoint
        In order; empty where the process was not sampled.
    """
    time_ns, nbytes = trace.rss.time_ns, trace.rss.nbytes
    bounds = np.linspace(0, len(nbytes), min(points, len(nbytes)) + 1, dtype=np.int64).tolist()
    highest = [begin + int(np.argmax(nbytes[begin:stop])) for begin, stop in itertools.pairwise(bounds)]
    return tuple(ResidentPoint(int(time_ns[at]) / _SECOND, int(nbytes[at])) for at in highest)


def highest_by_interval(trace: Trace, intervals: int) -> list[int]:
    """Return the highest live bytes of arrays in each of some equal intervals of the run, whether it has events or not.

    The peak is in the interval of the event before it, where a small buffer made it.
    """
    curve = read_curve(trace)
    end_ns = max(int(trace.run.duration_s * _SECOND), int(curve.time_ns[-1]) if len(curve) else 0)
    live = np.concatenate([[0], curve.live])
    live[curve.rows(trace.peak.events)] = trace.peak.nbytes
    step = end_ns // intervals + 1
    bounds = np.searchsorted(curve.time_ns, step * np.arange(intervals + 1, dtype=np.int64)).tolist()
    # What was alive when an interval began is alive in it, too.
    return [int(live[begin : stop + 1].max()) for begin, stop in itertools.pairwise(bounds)]


def _split(time_ns: Int64s, end_ns: int, intervals: int) -> Iterator[tuple[int, int]]:
    """Yield the range of events of each interval of time that has any."""
    # Rounded up, so that the last event falls into the last interval.
    step = end_ns // intervals + 1
    bounds = np.searchsorted(time_ns, step * np.arange(intervals + 1, dtype=np.int64)).tolist()
    yield from ((begin, stop) for begin, stop in itertools.pairwise(bounds) if begin < stop)


def _arrays_at_peaks(trace: Trace, curve: Curve) -> dict[int, int]:
    """Return the live bytes of arrays at both peaks, by the moment before; small buffers came on top of it."""
    found = {}
    if trace.total is not None and trace.total.events and trace.native is not None:
        at = curve.rows(trace.total.events) - 1
        found[at] = max(trace.total.nbytes - int(curve.native[at]), 0)
    if trace.peak.events:
        found[curve.rows(trace.peak.events) - 1] = trace.peak.nbytes
    return found
