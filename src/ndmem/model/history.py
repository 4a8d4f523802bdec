"""Live bytes over time, in a fixed amount of memory for any duration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .columns import Int64s

_INTERVALS = 1024
_FIRST_NS = 1_000_000
_NONE = -1


class History:
    """The highest live bytes of each time interval; the interval doubles when there are too many.

    Attributes
    ----------
    interval_ns : int
        Length of an interval, in nanoseconds.
    """

    def __init__(self) -> None:
        self.interval_ns = _FIRST_NS
        self._highest = np.full(_INTERVALS, _NONE, np.int64)
        self._last = np.full(_INTERVALS, _NONE, np.int64)

    def add(self, time_ns: Int64s, live: Int64s) -> None:
        """Add moments, sorted by time and later than those already added.

        Parameters
        ----------
        time_ns : (n,) int64
            Nanoseconds since the start.
        live : (n,) int64
            Live bytes then.
        """
        if not len(time_ns):
            return
        while int(time_ns.max()) >= self.interval_ns * _INTERVALS:
            self._double()
        interval = np.maximum(time_ns, 0) // self.interval_ns
        np.maximum.at(self._highest, interval, live)
        ends = np.flatnonzero(np.append(interval[1:] != interval[:-1], True))
        self._last[interval[ends]] = live[ends]

    def highest(self, until_ns: int, *, points: int) -> list[int]:
        """Return the highest live bytes of equal parts of the time until now.

        Parameters
        ----------
        until_ns : int
            Now, in nanoseconds since the start.
        points : int
            Return so many figures; where a figure's part of the time is shorter than an interval it is that of
            the interval.
        """
        count = min(max(until_ns // self.interval_ns + 1, 1), _INTERVALS)
        # An interval without an event has what was alive before it.
        seen = self._last[:count] != _NONE
        latest = np.maximum.accumulate(np.where(seen, np.arange(count), -1))
        carried = np.where(latest >= 0, self._last[latest], 0)
        before = np.append(0, carried[:-1])
        values = np.maximum(self._highest[:count], before)
        edges = np.arange(points) * count // points
        # Where points share an interval, reduceat gives each the interval's own figure.
        return [int(value) for value in np.maximum.reduceat(values, edges)]

    def _double(self) -> None:
        """Merge pairs of neighbouring intervals, which doubles their length."""
        pairs = self._last.reshape(-1, 2)
        last = np.where(pairs[:, 1] != _NONE, pairs[:, 1], pairs[:, 0])
        highest = self._highest.reshape(-1, 2).max(axis=1)
        nothing = np.full(_INTERVALS // 2, _NONE, np.int64)
        self._last, self._highest = np.concatenate([last, nothing]), np.concatenate([highest, nothing])
        self.interval_ns *= 2
