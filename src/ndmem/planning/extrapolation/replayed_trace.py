"""A prediction as a Trace: the events of a small run with the sizes of the real one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ndmem.model.columns import CallTree, Domain, Events, Kind, Tallies
from ndmem.model.trace import Origin, Peak, Trace

if TYPE_CHECKING:
    from ndmem.model.columns import Bools, Int64s

_WORK = __file__.rpartition("predicted_trace")[0] + "work.py"


def predict_trace(
    measured: Trace, nbytes: Int64s, *, taken_over: tuple[Int64s, Int64s] | None = None
) -> tuple[Trace, Int64s]:
    """Give the buffers of a measured trace other sizes; return the trace, and which buffer each of its buffers was.

    Parameters
    ----------
    measured : Trace
        A small run, of which every buffer is an event.
    nbytes : (births,) int64
        The predicted size of each buffer.
    taken_over : (born, died), optional
        Events that will not be: births that take over the buffers whose deaths these are.
    """
    events = measured.events
    kind, buffer = events.kind, events.buffer
    keep = np.ones(len(events), np.bool_)
    if taken_over is not None and len(taken_over[0]):
        buffer = _hand_over(buffer, *taken_over)
        keep[taken_over[0]] = keep[taken_over[1]] = False
    change = np.where(kind == Kind.DIED, -1, 1) * nbytes[buffer]
    kept_change = np.where(keep & (events.domain == Domain.ARRAY), change, 0)
    columns = {name: getattr(events, name)[keep] for name in Events.__dataclass_fields__}
    columns["buffer"] = buffer[keep]
    columns["nbytes"] = nbytes[buffer[keep]]
    columns["live"] = np.cumsum(kept_change)[keep]
    return build_trace(measured, Events(**columns))


def build_trace(measured: Trace, events: Events) -> tuple[Trace, Int64s]:
    """Make a predicted trace of events in the call tree of a measured one.

    Returns
    -------
    (Trace, (births,) int64)
        The trace, and the number that each of its buffers had in the events given.
    """
    tree, events = _cut_callers(measured, events)
    events, were = _renumber(events)
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
    return made, were


def _hand_over(buffer: Int64s, born: Int64s, died: Int64s) -> Int64s:
    """Let the events of each buffer that is not born be those of the one it takes over."""
    heir = np.arange(int(buffer.max()) + 1)
    heir[buffer[born]] = buffer[died]
    while True:
        # What is taken over may itself have been taken over.
        further = heir[heir]
        if np.array_equal(further, heir):
            return heir[buffer]
        heir = further


def _renumber(events: Events) -> tuple[Events, Int64s]:
    """Number buffers in order of birth; each first appears at its birth."""
    were, first, inverse = np.unique(events.buffer, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(first), np.int64)
    rank[order] = np.arange(len(first))
    columns = {name: getattr(events, name) for name in Events.__dataclass_fields__}
    columns["buffer"] = rank[inverse.reshape(-1)]
    return Events(**columns), were[order]


def _cut_callers(measured: Trace, events: Events) -> tuple[CallTree, Events]:
    """Leave out the frames that called the function: they are not its own."""
    tree = measured.tree
    below = below_call(measured)
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


def below_call(measured: Trace) -> Bools:
    """Mark the nodes of the function itself and of what it calls."""
    tree = measured.tree
    work = np.array([site.filename == _WORK and site.function == "call" for site in measured.sites], np.bool_)
    return _below(tree, work[tree.site] if len(tree) else np.zeros(0, np.bool_))


def _below(tree: CallTree, marked: Bools) -> Bools:
    """Mark the nodes that a marked one called; parents come before their children."""
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
    """Count for each node what the tracker counts while it runs."""
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

    def alive(until: int) -> Bools:
        living = np.zeros(births, np.bool_)
        living[events.buffer[:until][born[:until]]] = True
        living[events.buffer[:until][~born[:until]]] = False
        return living

    def live_at(until: int) -> Int64s:
        living = alive(until)
        return add(sizes[living], where[living])

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
