"""Live bytes over time, thinned to what a chart can show."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from ndmem.model.trace import Trace

_SECOND = 1_000_000_000


class TimelinePoint(NamedTuple):
    """Live bytes at a time.

    Attributes
    ----------
    time_s : float
        Seconds since tracking started.
    live_nbytes : int
        Live bytes of the program.
    """

    time_s: float
    live_nbytes: int


def timeline(trace: Trace, *, points: int = 2000) -> tuple[TimelinePoint, ...]:
    """Return the live bytes over time.

    Parameters
    ----------
    trace : Trace
        The run.
    points : int
        Return at most this many points, but never fewer than the start, the peak, the highest point of the
        run between them and the end.

    Returns
    -------
    tuple of TimelinePoint
        In order: the start, the highest live bytes of each interval of time in which there were events, and
        the end. The program's peak is one of them; where a small buffer made it, at the time of the event
        before.
    """
    events, peak = trace.events, trace.peak
    end_ns = max(int(trace.run.duration_s * _SECOND), int(events.time_ns[-1]) if len(events) else 0)
    intervals = max(points, 4) - 3
    # Rounded up, so that the last event falls into the last interval.
    step = end_ns // intervals + 1
    bounds = np.searchsorted(events.time_ns, step * np.arange(intervals + 1, dtype=np.int64))
    found = [TimelinePoint(0.0, 0)]
    if peak.events == 0 and peak.nbytes:
        found.append(TimelinePoint(0.0, peak.nbytes))
    for begin, stop in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        if begin < stop:
            highest = begin + int(np.argmax(events.live[begin:stop]))
            if begin < peak.events <= stop:
                found.append(TimelinePoint(int(events.time_ns[peak.events - 1]) / _SECOND, peak.nbytes))
            else:
                found.append(TimelinePoint(int(events.time_ns[highest]) / _SECOND, int(events.live[highest])))
    return (*found, TimelinePoint(end_ns / _SECOND, trace.live_nbytes))
