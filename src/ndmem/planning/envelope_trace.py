"""A trace for a function whose runs do not match: what is alive at the predicted peak, and each line's own highest.

Its loops run more often at the real size, so there are no events to carry over. What is alive at the peak of each small
run is carried over by where it was made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ndmem.model.columns import Events

from .fit import grow
from .predicted_trace import below_call, build_trace

if TYPE_CHECKING:
    from ndmem.model.columns import Int64s
    from ndmem.model.trace import Trace

    from .estimate import Estimate
    from .line import Line
    from .match import Point


def envelope_trace(measured: Trace, line: Line, points: Sequence[Point], found: Estimate, target: int) -> Trace:
    """Make a predicted trace of the peaks of call stacks.

    Parameters
    ----------
    measured : Trace
        The last point's.
    line, points, found, target
        What the estimate was made of.
    """
    peaks = found.place_peaks
    if not peaks:
        trace, _ = build_trace(measured, measured.events)
        return trace
    last = points[-1]
    highest = max(peaks, key=lambda place: peaks[place])
    made = _grow_composition(line, points, highest, target, found.nbytes)
    node_of = {int(place): int(node) for place, node in zip(last.place, last.run.node, strict=True)}
    first = _first_node(measured, last)
    nodes = [node_of[place] - first for place in (*made, highest)]
    sizes = [*made.values(), max(found.nbytes - sum(made.values()), 0)]
    trace, _ = build_trace(measured, _births(np.array(nodes, np.int32), np.array(sizes, np.int64)))
    return _with_peaks(trace, measured, {node_of[place] - first: nbytes for place, nbytes in peaks.items()})


def _first_node(measured: Trace, last: Point) -> int:
    """Return how many nodes of the journal the trace leaves out in front."""
    return len(last.run.places) - len(measured.tree)


def _grow_composition(line: Line, points: Sequence[Point], highest: int, target: int, limit: int) -> dict[int, int]:
    """Return the bytes alive at the peak, by the place that made them; never more than the peak."""
    found = [_composition(point, highest) for point in points]
    places = sorted(set.intersection(*(set(each) for each in found)))
    table = np.array([[each[place] for place in places] for each in found], np.int64).reshape(len(found), len(places))
    if not places:
        return {}
    grown = grow(line, [point.t for point in points], table, target).nbytes.tolist()
    made, left = {}, limit
    for place, nbytes in sorted(zip(places, grown, strict=True), key=lambda pair: -pair[1]):
        made[place] = min(nbytes, left)
        left -= made[place]
    return {place: nbytes for place, nbytes in made.items() if nbytes}


def _composition(point: Point, highest: int) -> Mapping[int, int]:
    """Return the bytes alive when live bytes were highest at a place, by the place that made them."""
    run, live = point.run, point.live()
    there = np.flatnonzero((point.place == highest) & (run.kind == 0))
    until = int(there[live[there].argmax()]) + 1
    born = (run.kind == 0) & (run.domain == 0)
    alive = np.zeros(len(run.nbytes), np.bool_)
    alive[run.buffer[:until][born[:until]]] = True
    alive[run.buffer[:until][run.kind[:until] == 1]] = False
    birth_place = np.empty(len(run.nbytes), np.int64)
    birth_place[run.buffer[run.kind == 0]] = point.place[run.kind == 0]
    sums: dict[int, int] = {}
    for place, nbytes in zip(birth_place[alive].tolist(), run.nbytes[alive].tolist(), strict=True):
        sums[place] = sums.get(place, 0) + nbytes
    return sums


def _births(nodes: Int64s, sizes: Int64s) -> Events:
    """Return events that make these buffers one after the other."""
    count = len(nodes)
    return Events(
        kind=np.zeros(count, np.uint8),
        domain=np.zeros(count, np.uint8),
        thread=np.zeros(count, np.uint16),
        stack=nodes.astype(np.int32),
        buffer=np.arange(count, dtype=np.int64),
        nbytes=sizes,
        live=np.cumsum(sizes),
        time_ns=np.zeros(count, np.int64),
        within=np.full(count, -1, np.int16),
    )


def _with_peaks(trace: Trace, measured: Trace, peaks: Mapping[int, int]) -> Trace:
    """Fill in the highest live bytes of the places that are not in the events."""
    tallies, kept = trace.tallies, measured.tallies
    order = np.flatnonzero(_kept(measured, trace))
    max_live, live, count = tallies.max_live.copy(), np.zeros_like(tallies.live), kept.count[order]
    number = {int(node): i for i, node in enumerate(order.tolist())}
    for node, nbytes in peaks.items():
        if node in number:
            max_live[number[node]] = max(max_live[number[node]], nbytes)
    return replace(
        trace, tallies=replace(tallies, max_live=max_live, live=live, count=np.maximum(count, tallies.count))
    )


def _kept(measured: Trace, trace: Trace) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Mark the nodes of the measured tree that the predicted one has, in the same order."""
    kept = below_call(measured)
    return kept if len(trace.tree) == int(kept.sum()) else np.ones(len(measured.tree), np.bool_)
