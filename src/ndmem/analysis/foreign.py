"""Tell the memory of arrays that NumPy did not allocate from other native blocks.

An array over a bytes object, shared anonymous memory or a block of another library lies in a native block. The trace
has the block as native, and a search found the array in it. The block is then the array's memory as a whole: its
events, and its part in the counters of the call tree, are of the domain ``FOREIGN``.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ndmem.model.columns import CallTree, Compacted, Domain, Events, Kind, Tallies
from ndmem.model.trace import Peak, Trace

if TYPE_CHECKING:
    from ndmem.model.columns import Bools, Int64s


def tell_foreign(trace: Trace) -> Trace:
    """Return a trace in which native blocks that an array was found in are of the domain ``FOREIGN``.

    The arrays' figures and the total peak stay the same; those of native blocks lose what is foreign. The same object
    is returned if nothing is.
    """
    held = np.array(sorted({holder.buffer for holder in trace.holders if holder.name}), np.int64)
    events = trace.events
    foreign = (events.domain == Domain.NATIVE) & np.isin(events.buffer, held) if len(held) else np.zeros(0, np.bool_)
    if trace.native is None or not foreign.any():
        return trace
    leaf_of = _find_leaves(trace, foreign)
    parts = _count_parts(trace, foreign, leaf_of)
    born = foreign & (events.kind == Kind.BORN)
    stack = events.stack.copy()
    stack[born] = leaf_of[stack[born]]
    told = replace(events, domain=np.where(foreign, Domain.FOREIGN, events.domain).astype(np.uint8), stack=stack)
    marks = _without_foreign(trace.compacted, events.running_nbytes(foreign))
    native = marks.add_unseen(told.native_live())
    peak = _find_peak(native, told)
    return replace(
        trace,
        tree=_add_leaves(trace.tree, leaf_of),
        tallies=_split_tallies(trace.tallies, parts, leaf_of, native, told, peak.nbytes),
        events=told,
        native=peak,
        compacted=marks,
    )


def _find_leaves(trace: Trace, foreign: Bools) -> Int64s:
    """Return the new leaf of each node at which foreign blocks were allocated, -1 for the others."""
    nodes = np.unique(trace.events.stack[foreign & (trace.events.kind == Kind.BORN)])
    leaf_of = np.full(len(trace.tree), -1, np.int64)
    leaf_of[nodes] = len(trace.tree) + np.arange(len(nodes))
    return leaf_of


def _count_parts(trace: Trace, foreign: Bools, leaf_of: Int64s) -> dict[str, Int64s]:
    """Return the counters of the new leaves, which are in the order of their nodes."""
    events = trace.events
    places = leaf_of[events.stack[np.flatnonzero(events.kind == Kind.BORN)]] - len(leaf_of)

    def total(chosen: Bools, values: Int64s) -> Int64s:
        sums = np.zeros(int((leaf_of >= 0).sum()), np.int64)
        np.add.at(sums, places[events.buffer[chosen]], values[chosen])
        return sums

    def live_after(count: int) -> Int64s:
        chosen = foreign & (events.kind == Kind.BORN)
        chosen[chosen] = events.alive_after(count)[events.buffer[chosen]] if count else False
        return total(chosen, events.nbytes)

    born = foreign & (events.kind == Kind.BORN)
    return {
        "count": total(born, np.ones(len(events), np.int64)),
        "total": total(born, events.nbytes),
        "live": live_after(len(events)),
        "at_peak": live_after(trace.peak.events),
        "at_total_peak": live_after(trace.total.events if trace.total is not None else 0),
    }


def _add_leaves(tree: CallTree, leaf_of: Int64s) -> CallTree:
    nodes = np.flatnonzero(leaf_of >= 0)
    columns: dict[str, Any] = {
        column.name: np.concatenate([getattr(tree, column.name), getattr(tree, column.name)[nodes]])
        for column in fields(tree)
    }
    columns["domain"][len(tree) :] = Domain.FOREIGN
    return CallTree(**columns)


def _split_tallies(
    tallies: Tallies, parts: dict[str, Int64s], leaf_of: Int64s, native: Int64s, events: Events, highest: int
) -> Tallies:
    nodes = np.flatnonzero(leaf_of >= 0)
    columns = {column.name: getattr(tallies, column.name) for column in fields(tallies)}
    for name, values in columns.items():
        left = values.copy()
        if name in parts:
            left[nodes] -= parts[name]
        columns[name] = np.concatenate([left, parts[name] if name in parts else values[nodes]])
    # What was highest while a line ran is known at its events; elsewhere it is at most the peak.
    seen = np.full(len(columns["max_native"]), -1, np.int64)
    np.maximum.at(seen, events.stack, native)
    columns["max_native"] = np.where(seen >= 0, seen, np.minimum(columns["max_native"], highest))
    return Tallies(**columns)


def _without_foreign(marks: Compacted, running: Int64s) -> Compacted:
    """Return the marks with the native bytes that are not foreign."""
    if not len(marks):
        return marks
    return replace(marks, native=marks.native - np.concatenate([[0], running])[marks.events])


def _find_peak(native: Int64s, events: Events) -> Peak:
    highest = int(native.argmax())
    nbytes = int(native[highest])
    return Peak(nbytes, int(events.stack[highest]), highest + 1) if nbytes else Peak(0, -1, 0)
