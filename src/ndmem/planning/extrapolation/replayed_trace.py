"""Build a predicted Trace: the events of a small run with the buffer sizes of the real one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ndmem.model.columns import CallTree, Domain, Events, Kind, Tallies
from ndmem.model.trace import Origin, Peak, Trace

if TYPE_CHECKING:
    from ndmem.model.columns import Bools, Int64s
    from ndmem.planning.worker.protocol import Frame

    from .match import Point


def predict_trace(point: Point, nbytes: Int64s, *, reused: tuple[Int64s, Int64s] | None = None) -> tuple[Trace, Int64s]:
    """Replay a run with other buffer sizes.

    Parameters
    ----------
    point : Point
        A small run, of which every buffer is an event.
    nbytes : (births,) int64
        The predicted size of each buffer.
    reused : (born, died), optional
        Events that do not happen at the real size: births that reuse the buffers of these deaths.

    Returns
    -------
    (Trace, (births,) int64)
        The trace, and the number that each of its buffers has in the small run.
    """
    events = point.events
    kind, buffer = events.kind, events.buffer
    keep = np.ones(len(events), np.bool_)
    if reused is not None and len(reused[0]):
        buffer = _merge_reused(buffer, *reused)
        keep[reused[0]] = keep[reused[1]] = False
    change = np.where(kind == Kind.DIED, -1, 1) * nbytes[buffer]
    kept_change = np.where(keep & (events.domain == Domain.ARRAY), change, 0)
    columns = {name: getattr(events, name)[keep] for name in Events.__dataclass_fields__}
    columns["buffer"] = buffer[keep]
    columns["nbytes"] = nbytes[buffer[keep]]
    columns["live"] = np.cumsum(kept_change)[keep]
    return build_trace(point.trace, Events(**columns), point.call_frame)


def build_trace(measured: Trace, events: Events, call_frame: Frame) -> tuple[Trace, Int64s]:
    """Build a predicted trace from events in the call tree of a measured one.

    Parameters
    ----------
    measured : Trace
        The measured run.
    events : Events
        The predicted events.
    call_frame : Frame
        The worker's frame that called the function; the trace begins below it.

    Returns
    -------
    (Trace, (births,) int64)
        The trace, and the number that each of its buffers has in the events passed.
    """
    tree, events = _cut_callers(measured, events, call_frame)
    events, measured_buffers = _renumber(events)
    tallies = count(tree, events)
    arrays = _highest(events, events.live)
    native = total = None
    if measured.native is not None:
        native_live = events.native_live()
        native = _highest(events, native_live)
        total = _highest(events, events.live + native_live)
    made = replace(
        measured,
        origin=Origin.PREDICTED,
        tree=tree,
        events=events,
        tallies=tallies,
        peak=arrays,
        native=native,
        total=total,
        holders=(),
        dropped=0,
        origins={},
        rss_peak_nbytes=None,
    )
    return made, measured_buffers


def _merge_reused(buffer: Int64s, born: Int64s, died: Int64s) -> Int64s:
    """Give the events of each birth that reuses a buffer the number of that buffer."""
    reused = np.arange(int(buffer.max()) + 1)
    reused[buffer[born]] = buffer[died]
    while True:
        # The reused buffer may itself reuse an earlier one: a + b + c + d.
        earlier = reused[reused]
        if np.array_equal(earlier, reused):
            return reused[buffer]
        reused = earlier


def _renumber(events: Events) -> tuple[Events, Int64s]:
    """Number buffers in order of birth; return also the number that each had before."""
    before, first, inverse = np.unique(events.buffer, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(first), np.int64)
    rank[order] = np.arange(len(first))
    columns = {name: getattr(events, name) for name in Events.__dataclass_fields__}
    columns["buffer"] = rank[inverse.reshape(-1)]
    return Events(**columns), before[order]


def _cut_callers(measured: Trace, events: Events, call_frame: Frame) -> tuple[CallTree, Events]:
    """Drop the frames of the worker that called the function."""
    tree = measured.tree
    below = below_call(measured, call_frame)
    if not below.any():
        return tree, events
    number = np.cumsum(below) - 1
    parent = tree.parent[below]
    cut_parent = np.where((parent >= 0) & below[parent], number[parent], -1)
    kept = CallTree(
        parent=cut_parent.astype(np.int32),
        **{name: getattr(tree, name)[below] for name in ("site", "code", "offset", "stores", "domain")},
    )
    depth = int(_depth_of(tree, int(np.flatnonzero(below)[0])))
    inside = below[events.stack]
    columns = {name: getattr(events, name)[inside] for name in Events.__dataclass_fields__}
    columns["stack"] = number[columns["stack"]].astype(np.int32)
    columns["within"] = np.maximum(columns["within"] - depth, -1).astype(np.int16)
    return kept, Events(**columns)


def below_call(measured: Trace, call_frame: Frame) -> Bools:
    """Mark the nodes of the function itself and of the functions it calls."""
    tree = measured.tree
    callers = np.array([(site.filename, site.function) == call_frame for site in measured.sites], np.bool_)
    return _below(tree, callers[tree.site] if len(tree) else np.zeros(0, np.bool_))


def _below(tree: CallTree, marked: Bools) -> Bools:
    """Mark the descendants of the marked nodes."""
    # Not vectorised: parents come before their children, so one pass is enough, and small runs have few nodes.
    below = np.zeros(len(tree), np.bool_)
    for i, parent in enumerate(tree.parent.tolist()):
        below[i] = parent >= 0 and (marked[parent] or below[parent])
    return below


def _depth_of(tree: CallTree, node: int) -> int:
    depth = 0
    while tree.parent[node] >= 0:
        node, depth = int(tree.parent[node]), depth + 1
    return depth


def count(tree: CallTree, events: Events) -> Tallies:
    """Compute the counters of each node that the tracker keeps during a run."""
    nodes = len(tree)
    born = events.kind == Kind.BORN
    births = int(born.sum())
    where = np.empty(births, np.int64)
    sizes, domain = np.zeros(births, np.int64), np.zeros(births, np.uint8)
    where[events.buffer[born]] = events.stack[born]
    sizes[events.buffer[born]] = events.nbytes[born]
    domain[events.buffer[born]] = events.domain[born]
    native = events.native_live()

    def add(values: Int64s, nodes_of: Int64s) -> Int64s:
        summed = np.zeros(nodes, np.int64)
        np.add.at(summed, nodes_of, values)
        return summed

    def live_at(until: int) -> Int64s:
        alive = events.alive_after(until)
        return add(sizes[alive], where[alive])

    def highest(values: Int64s) -> Int64s:
        found = np.full(nodes, -1, np.int64)
        np.maximum.at(found, events.stack, values)
        return found

    at_peak = live_at(_moment(events.live))
    at_peak[tree.domain != Domain.ARRAY] = 0
    return Tallies(
        count=add(np.ones(births, np.int64), where),
        total=add(sizes, where),
        live=live_at(len(events)),
        at_peak=at_peak,
        max_live=highest(events.live),
        max_native=highest(native),
        at_total_peak=live_at(_moment(events.live + native)),
    )


def _moment(live: Int64s) -> int:
    """Return the number of events up to the highest live bytes."""
    return int(live.argmax()) + 1 if len(live) else 0


def _highest(events: Events, live: Int64s) -> Peak:
    until = _moment(live)
    if not until or not int(live[until - 1]):
        return Peak(0, -1, 0)
    return Peak(int(live[until - 1]), int(events.stack[until - 1]), until)
