"""Build a predicted trace for a function whose runs do not match.

Its loops run more often at the real size, so there are no events to replay. The trace has the buffers that are alive at
the predicted peak, one for each call stack that allocated some, and the highest live bytes at each call stack.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ndmem.model.columns import Domain, Events, Kind

from .polynomials import extrapolate_sizes
from .replayed_trace import below_call, build_trace

if TYPE_CHECKING:
    from ndmem.model.columns import Int64s
    from ndmem.model.trace import Trace

    from .estimate import Estimate
    from .match import Point
    from .size_line import Line


def envelope_trace(line: Line, points: Sequence[Point], found: Estimate, target: int) -> Trace:
    """Build a predicted trace from the peaks of call stacks.

    Parameters
    ----------
    line, points, target
        The arguments that the estimate was made from; the trace has the call tree of the last point.
    found : Estimate
        The estimate at the target.
    """
    peaks, last = found.place_peaks, points[-1]
    if not peaks:
        trace, _ = build_trace(last.trace, last.events, last.call_frame)
        return trace
    highest = max(peaks, key=lambda place: peaks[place])
    made = _extrapolate_composition(line, points, highest, target, found.nbytes)
    node_of = {int(place): int(node) for place, node in zip(last.place, last.events.stack, strict=True)}
    nodes = [node_of[place] for place in (*made, highest)]
    sizes = [*made.values(), max(found.nbytes - sum(made.values()), 0)]
    births = _births(np.array(nodes, np.int32), np.array(sizes, np.int64))
    trace, _ = build_trace(last.trace, births, last.call_frame)
    return _with_peaks(trace, last, {node_of[place]: nbytes for place, nbytes in peaks.items()})


def _extrapolate_composition(
    line: Line, points: Sequence[Point], highest: int, target: int, limit: int
) -> dict[int, int]:
    """Return the bytes alive at the peak by the call stack that allocated them; their sum is at most the limit."""
    found = [_composition(point, highest) for point in points]
    places = sorted(set.intersection(*(set(each) for each in found)))
    table = np.array([[each[place] for place in places] for each in found], np.int64).reshape(len(found), len(places))
    if not places:
        return {}
    grown = extrapolate_sizes(line, [point.t for point in points], table, target).nbytes.tolist()
    made, left = {}, limit
    for place, nbytes in sorted(zip(places, grown, strict=True), key=lambda pair: -pair[1]):
        made[place] = min(nbytes, left)
        left -= made[place]
    return {place: nbytes for place, nbytes in made.items() if nbytes}


def _composition(point: Point, highest: int) -> Mapping[int, int]:
    """Return the bytes alive at the highest moment of a call stack, by the call stack that allocated them."""
    events, live = point.events, point.live()
    there = np.flatnonzero((point.place == highest) & (events.kind == Kind.BORN))
    alive = events.alive_after(int(there[live[there].argmax()]) + 1, domain=Domain.ARRAY)
    birth_place = np.empty(len(point.nbytes), np.int64)
    births = events.kind == Kind.BORN
    birth_place[events.buffer[births]] = point.place[births]
    sums: dict[int, int] = {}
    for place, nbytes in zip(birth_place[alive].tolist(), point.nbytes[alive].tolist(), strict=True):
        sums[place] = sums.get(place, 0) + nbytes
    return sums


def _births(nodes: Int64s, sizes: Int64s) -> Events:
    """Return the births of these buffers, one after the other."""
    count = len(nodes)
    return Events(
        kind=np.full(count, Kind.BORN, np.uint8),
        domain=np.full(count, Domain.ARRAY, np.uint8),
        thread=np.zeros(count, np.uint16),
        stack=nodes.astype(np.int32),
        buffer=np.arange(count, dtype=np.int64),
        nbytes=sizes,
        live=np.cumsum(sizes),
        time_ns=np.zeros(count, np.int64),
        within=np.full(count, -1, np.int16),
    )


def _with_peaks(trace: Trace, point: Point, peaks: Mapping[int, int]) -> Trace:
    """Fill in the highest live bytes of call stacks that have no event in the trace."""
    tallies, below = trace.tallies, below_call(point.trace, point.call_frame)
    # `build_trace` keeps the whole tree if the call's frame is not in it.
    order = np.flatnonzero(below) if len(trace.tree) == int(below.sum()) else np.arange(len(point.trace.tree))
    max_live, count = tallies.max_live.copy(), point.trace.tallies.count[order]
    number = {int(node): i for i, node in enumerate(order.tolist())}
    for node, nbytes in peaks.items():
        if node in number:
            max_live[number[node]] = max(max_live[number[node]], nbytes)
    tallies = replace(
        tallies, max_live=max_live, live=np.zeros_like(tallies.live), count=np.maximum(count, tallies.count)
    )
    return replace(trace, tallies=tallies)
