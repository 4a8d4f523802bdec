"""Live and resident bytes over time, thinned to what a chart can show."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.model.columns import Int64s
    from ndmem.model.trace import Trace

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
        In order: the start; for each interval of time in which there were events the moment at which arrays were
        highest, and where native memory was watched also those at which native blocks, and both together, were;
        the end. The peak of arrays and the total peak are among them; where a small buffer made one, at the time of
        the event before.
    """
    return tuple(point for _, point in timeline_moments(trace, points=points))


def timeline_moments(trace: Trace, *, points: int = 2000) -> list[tuple[int, TimelinePoint]]:
    """Return the points of `timeline`, each with the number of events until then."""
    events, native = trace.events, None if trace.native is None else trace.events.native_live()
    series = [events.live] if native is None else [events.live, native, events.live + native]
    intervals = max((max(points, 4) - 3) // len(series), 1)
    end_ns = max(int(trace.run.duration_s * _SECOND), int(events.time_ns[-1]) if len(events) else 0)
    live_at = _arrays_at_peaks(trace, native)
    moments: set[int] = set()
    for begin, stop in _split(events.time_ns, end_ns, intervals):
        # The arrays' peak comes first, the total peak last; a small buffer may have made it after an event.
        peaks = [trace.peak.events - 1, -1, trace.total.events - 1 if trace.total else -1]
        for column, peak in zip(series, peaks, strict=False):
            moments.add(peak if begin <= peak < stop else begin + int(np.argmax(column[begin:stop])))
    found = [(0, TimelinePoint(0.0, 0, None if native is None else 0))]
    if trace.peak.events == 0 and trace.peak.nbytes:
        found.append((0, TimelinePoint(0.0, trace.peak.nbytes, None if native is None else 0)))
    for at in sorted(moments):
        live = live_at.get(at, int(events.live[at]))
        nbytes = None if native is None else int(native[at])
        found.append((at + 1, TimelinePoint(int(events.time_ns[at]) / _SECOND, live, nbytes)))
    last = TimelinePoint(end_ns / _SECOND, trace.live_nbytes, trace.native_live_nbytes)
    return [*found, (len(events), last)]


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
    events = trace.events
    end_ns = max(int(trace.run.duration_s * _SECOND), int(events.time_ns[-1]) if len(events) else 0)
    live = np.concatenate([[0], events.live])
    live[trace.peak.events] = trace.peak.nbytes
    step = end_ns // intervals + 1
    bounds = np.searchsorted(events.time_ns, step * np.arange(intervals + 1, dtype=np.int64)).tolist()
    # What was alive when an interval began is alive in it, too.
    return [int(live[begin : stop + 1].max()) for begin, stop in itertools.pairwise(bounds)]


def _split(time_ns: Int64s, end_ns: int, intervals: int) -> Iterator[tuple[int, int]]:
    """Yield the range of events of each interval of time that has any."""
    # Rounded up, so that the last event falls into the last interval.
    step = end_ns // intervals + 1
    bounds = np.searchsorted(time_ns, step * np.arange(intervals + 1, dtype=np.int64)).tolist()
    yield from ((begin, stop) for begin, stop in itertools.pairwise(bounds) if begin < stop)


def _arrays_at_peaks(trace: Trace, native: Int64s | None) -> dict[int, int]:
    """Return the live bytes of arrays at both peaks, by the event before; small buffers came on top of it."""
    found = {}
    if trace.total is not None and trace.total.events and native is not None:
        at = trace.total.events - 1
        found[at] = max(trace.total.nbytes - int(native[at]), 0)
    if trace.peak.events:
        found[trace.peak.events - 1] = trace.peak.nbytes
    return found
