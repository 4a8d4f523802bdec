"""Functions that were running: which events happened in one call of a function, and at which of its lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ndmem.advising.source.syntax import find_place
from ndmem.analysis.call_tree.frames import mark_user_nodes
from ndmem.analysis.call_tree.levels import nearest_marked, tree_levels
from ndmem.analysis.index import fact
from ndmem.model.columns import Kind

if TYPE_CHECKING:
    import ast

    from ndmem.advising.source.syntax import Place
    from ndmem.analysis.index import TraceIndex
    from ndmem.analysis.over_time.lifetimes import Lifetimes
    from ndmem.model.columns import Int64s
    from ndmem.model.site import Site


@dataclass(frozen=True, slots=True, eq=False)
class Running:
    """A call of a function that was running, and the statement that it had reached.

    Attributes
    ----------
    node : int
        Node of the call tree.
    site : Site
        The expression that it had reached.
    place : Place
        Its syntax.
    statement : ast.stmt
        Its statement.
    """

    node: int
    site: Site
    place: Place
    statement: ast.stmt


def running_at(index: TraceIndex, node: int) -> list[Running]:
    """Return the user's functions that run at a node of the call tree, the outermost first, where the source tells."""
    tree, users, found = index.trace.tree, mark_user_nodes(index), []
    while node >= 0:
        site = index.trace.sites[int(tree.site[node])]
        place = find_place(index, site) if users[node] else None
        if place is not None and place.statement is not None:
            found.append(Running(node, site, place, place.statement))
        node = int(tree.parent[node])
    return found[::-1]


@fact
def event_lines(index: TraceIndex, node: int) -> Int64s:
    """Return for each event the line at which the function of a node was then, shape (m,); -1 if it was not running.

    Calls of one function from the same place, one after the other, cannot be told apart: the caller must look at the
    time between the birth of a buffer and its death, or the peak.
    """
    trace, tree = index.trace, index.trace.tree
    marked = (tree.parent == tree.parent[node]) & (tree.code == tree.code[node])
    frame = nearest_marked(tree.parent, tree_levels(index), marked)
    lines = np.array([site.lineno for site in trace.sites], np.int64)
    at_node = np.where(frame >= 0, lines[tree.site[frame]], -1)
    return np.append(at_node, -1)[trace.events.stack]


def next_rounds(index: TraceIndex, buffers: Lifetimes) -> Int64s:
    """Return for each buffer the event at which the statement that allocated it, or one before it, is run again, (k,).

    The number of all events if it is not: the function was not called again from the same place, or its loop ended.
    """
    trace = index.trace
    found = np.full(len(buffers), len(trace.events), np.int64)
    for node in np.unique(buffers.node).tolist():
        frames = running_at(index, node)
        if not frames:
            continue
        lines, born = event_lines(index, frames[-1].node), trace.events.kind == Kind.BORN
        again = np.flatnonzero(born & (lines >= 0) & (lines <= frames[-1].statement.lineno))
        chosen = buffers.node == node
        place = np.searchsorted(again, buffers.born[chosen], side="right")
        found[chosen] = np.append(again, len(trace.events))[place]
    return found


def arrivals(index: TraceIndex, frame: Running) -> Int64s:
    """Return the events, in order, at which a function comes to its statement from another one, or is called anew.

    Rounds of a loop without an event at another statement count as one.
    """
    lines = event_lines(index, frame.node)
    there = (lines >= frame.statement.lineno) & (lines <= (frame.statement.end_lineno or frame.statement.lineno))
    return np.flatnonzero(there & ~np.append(False, there[:-1]))


def function_name(frame: Running) -> str:
    """Return the name that searches for holders give a running function: that of the module for its top level."""
    return "__main__" if frame.site.function == "<module>" else frame.site.function
