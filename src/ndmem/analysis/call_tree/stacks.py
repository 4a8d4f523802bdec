"""Bytes by call stack, exact."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .frames import mark_user_nodes
from .measure import Measure, weigh_nodes

if TYPE_CHECKING:
    from ndmem.model.site import Stack
    from ndmem.model.trace import Trace


def stack_weights(
    trace: Trace, measure: Measure = Measure.PEAK, *, library: bool = False
) -> tuple[tuple[Stack, int], ...]:
    """Return the bytes of each call stack's arrays.

    Parameters
    ----------
    trace : Trace
        The run.
    measure : Measure
        What of them counts: those alive at the peak or at the end, all, or temporaries.
    library : bool
        Keep the frames of libraries; else only the user's, or the outermost frame where there is none.

    Returns
    -------
    tuple of (Stack, int)
        Each stack, leaf first, with the bytes of the buffers born there that count; most bytes first. They sum to
        what the measure counts in all.

    Raises
    ------
    TraceError
        If the trace's call tree is damaged.
    """
    by_node = weigh_nodes(trace, measure)
    users = mark_user_nodes(trace).tolist()
    weights: dict[Stack, int] = {}
    for node in np.flatnonzero(by_node).tolist():
        stack = trace.stack(node) if library else _user_stack(trace, users, node)
        weights[stack] = weights.get(stack, 0) + int(by_node[node])
    # Equal weights in a fixed order: one trace is always written the same.
    return tuple(sorted(weights.items(), key=lambda item: (-item[1], repr(item[0]))))


def _user_stack(trace: Trace, users: list[bool], node: int) -> Stack:
    """Return the user's frames of a stack, leaf first; its outermost frame if it has none."""
    kept, outermost = [], node
    while node >= 0:
        if users[node]:
            kept.append(trace.sites[trace.tree.site[node]])
        outermost, node = node, int(trace.tree.parent[node])
    return tuple(kept) or (trace.sites[trace.tree.site[outermost]],)
