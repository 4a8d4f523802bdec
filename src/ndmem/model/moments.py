"""Live bytes by call stack over time, in a fixed amount of memory for any duration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .columns import Domain

if TYPE_CHECKING:
    from .columns import Bools, Int8s, Int32s, Int64s

_INTERVALS = 400
_FIRST_NS = 20_000_000
_NODES = 128
"""Most call stacks that a moment keeps; the bytes of the others are in its live bytes alone."""


@dataclass(frozen=True, slots=True, eq=False)
class LiveMoment:
    """What was live at a moment.

    Attributes
    ----------
    time_ns : int
        Nanoseconds since the start.
    live, native : int
        Live bytes of arrays, and of native blocks.
    node : (k,) int32
        Nodes of the call tree that allocated most of the arrays, as the journal numbers them.
    nbytes : (k,) int64
        Live bytes of each.
    """

    time_ns: int
    live: int
    native: int
    node: Int32s
    nbytes: Int64s

    @property
    def total(self) -> int:
        """Live bytes of arrays and native blocks."""
        return self.live + self.native


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """Events in order, with what was live before them.

    Attributes
    ----------
    time_ns, live : (n,) int64
        Nanoseconds since the start, and live bytes of arrays after each event.
    node : (n,) int32
        Node of the call tree that allocated the buffer.
    change : (n,) int64
        Bytes of the buffer, negative where it was freed.
    domain : (n,) uint8
        `Domain` of the buffer.
    before : Int64s
        Live bytes of arrays by node before the first event.
    native_before : int
        Live bytes of native blocks before the first event.
    """

    time_ns: Int64s
    live: Int64s
    node: Int32s
    change: Int64s
    domain: Int8s
    before: Int64s
    native_before: int

    def __len__(self) -> int:
        return len(self.time_ns)


class MomentHistory:
    """The highest moments of each time interval; the interval doubles when there are too many.

    At most 400 intervals have two moments each: that with most bytes of arrays, and that with most of arrays and native
    blocks together.

    Attributes
    ----------
    interval_ns : int
        Length of an interval, in nanoseconds.
    """

    def __init__(self) -> None:
        self.interval_ns = _FIRST_NS
        self._highest: dict[int, tuple[LiveMoment, LiveMoment]] = {}

    def add(self, steps: Steps) -> None:
        """Add events, sorted by time and later than those already added."""
        if not len(steps):
            return
        while int(steps.time_ns[-1]) >= self.interval_ns * _INTERVALS:
            self._double()
        arrays = steps.domain == Domain.ARRAY
        native = steps.native_before + np.cumsum(np.where(steps.domain == Domain.NATIVE, steps.change, 0))
        interval = np.maximum(steps.time_ns, 0) // self.interval_ns
        begins = np.flatnonzero(np.append(True, interval[1:] != interval[:-1]))
        ends = np.append(begins[1:], len(steps))
        walk = _Walk(steps, arrays)
        for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
            known = self._highest.get(int(interval[begin]))
            places = begin + int(steps.live[begin:end].argmax()), begin + int((steps.live + native)[begin:end].argmax())
            found = {
                place: LiveMoment(
                    int(steps.time_ns[place]), int(steps.live[place]), int(native[place]), *walk.largest_after(place)
                )
                for place in sorted(set(places))
            }
            self._highest[int(interval[begin])] = _higher(known, (found[places[0]], found[places[1]]))

    def moments(self) -> tuple[LiveMoment, ...]:
        """Return the moments in order of time, each once."""
        found = {id(moment): moment for pair in self._highest.values() for moment in pair}
        return tuple(sorted(found.values(), key=lambda moment: moment.time_ns))

    def _double(self) -> None:
        """Merge pairs of neighbouring intervals, which doubles their length."""
        merged: dict[int, tuple[LiveMoment, LiveMoment]] = {}
        for interval, pair in self._highest.items():
            merged[interval // 2] = _higher(merged.get(interval // 2), pair)
        self._highest = merged
        self.interval_ns *= 2


class _Walk:
    """Live bytes by node after each event, from the first to the last."""

    def __init__(self, steps: Steps, arrays: Bools) -> None:
        size = max(int(steps.node.max(initial=-1)) + 1, len(steps.before))
        self._live = np.zeros(size, np.int64)
        self._live[: len(steps.before)] = steps.before
        self._node, self._change = steps.node, np.where(arrays, steps.change, 0)
        self._at = 0

    def largest_after(self, place: int) -> tuple[Int32s, Int64s]:
        """Return the nodes with most live bytes after an event, and these bytes; places must not fall."""
        part = slice(self._at, place + 1)
        np.add.at(self._live, self._node[part], self._change[part])
        self._at = place + 1
        nodes = np.flatnonzero(self._live > 0)
        if len(nodes) > _NODES:
            nodes = nodes[np.argpartition(self._live[nodes], len(nodes) - _NODES)[-_NODES:]]
        return nodes.astype(np.int32), self._live[nodes]


def _higher(
    known: tuple[LiveMoment, LiveMoment] | None, new: tuple[LiveMoment, LiveMoment]
) -> tuple[LiveMoment, LiveMoment]:
    if known is None:
        return new
    return max(known[0], new[0], key=lambda each: each.live), max(known[1], new[1], key=lambda each: each.total)
