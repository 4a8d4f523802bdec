"""Bytes by call stack, exact: nothing is left out as too small."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ndmem.analysis.index import fact
from ndmem.analysis.measure import Measure, weigh_nodes
from ndmem.analysis.tables.threads import node_threads

from .frames import mark_user_nodes, standing_nodes

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex
    from ndmem.model.site import Stack


@fact
def stack_weights(
    index: TraceIndex, measure: Measure = Measure.PEAK, *, library: bool = False
) -> tuple[tuple[Stack, int], ...]:
    """Return the bytes of each call stack's arrays.

    Parameters
    ----------
    index : TraceIndex
        The run.
    measure : Measure
        Bytes that count: those live at the peak or at the end, all, or temporaries.
    library : bool
        Keep the frames of libraries; else only the user's, or the frame that stands for a stack without one.

    Returns
    -------
    tuple of (Stack, int)
        Each stack, leaf first, with the bytes it allocated that count; most bytes first. They sum to the bytes that
        the measure counts in the whole run.

    Raises
    ------
    TraceError
        If the trace's call tree is damaged.
    """
    trace, by_node = index.trace, weigh_nodes(index, measure)
    users = mark_user_nodes(index).tolist()
    weights: dict[Stack, int] = {}
    for node in np.flatnonzero(by_node).tolist():
        stack = trace.stack(node) if library else _user_stack(index, users, node)
        weights[stack] = weights.get(stack, 0) + int(by_node[node])
    # Equal weights have a fixed order, so that a trace is always written the same way.
    return tuple(sorted(weights.items(), key=lambda item: (-item[1], repr(item[0]))))


@fact
def stack_threads(index: TraceIndex, *, library: bool = False) -> dict[Stack, frozenset[int]]:
    """Return the numbers of the threads that allocated an array at each call stack; only arrays with events count."""
    users = mark_user_nodes(index).tolist()
    found: dict[Stack, frozenset[int]] = {}
    for node, threads in node_threads(index).items():
        stack = index.trace.stack(node) if library else _user_stack(index, users, node)
        found[stack] = found.get(stack, frozenset()) | threads
    return found


def _user_stack(index: TraceIndex, users: list[bool], node: int) -> Stack:
    """Return the user's frames of a stack, leaf first; the frame that stands for it if it has none."""
    trace, kept, at = index.trace, [], node
    while at >= 0:
        if users[at]:
            kept.append(trace.sites[trace.tree.site[at]])
        at = int(trace.tree.parent[at])
    return tuple(kept) or (trace.sites[trace.tree.site[standing_nodes(index)[node]]],)
