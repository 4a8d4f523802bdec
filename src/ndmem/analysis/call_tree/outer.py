"""Cut the callers of a tracked block off its stacks: frames that were running when tracking began."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ndmem.model.columns import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from ndmem.model.columns import Events
    from ndmem.model.trace import Trace

FrameName = tuple[str, str]
"""File and function of a frame; a notebook's cell is ``In[6]``."""

_AGAIN = re.compile(r"^(In\[\d+\]) \(\d+\)$")
"""Name of another text that the same cell ran."""


def cut_callers(trace: Trace, callers: Sequence[FrameName]) -> Trace:
    """Return a trace whose stacks begin below some frames.

    Parameters
    ----------
    trace : Trace
        The trace.
    callers : sequence of (str, str)
        The frames that were running when tracking began, outermost first. A stack loses those that it begins with.

    Notes
    -----
    All bytes stay: the nodes of the callers remain, and have no children any more.
    """
    tree = trace.tree
    parent = tree.parent.copy()
    above = np.zeros(len(tree), np.int64)  # callers above each node that is not one itself
    depths: dict[int, int] = {-1: 0}  # of the callers, from 1
    for node, caller in enumerate(tree.parent.tolist()):
        depth = depths.get(caller)
        if depth is None:
            above[node] = above[caller]
        elif depth < len(callers) and _name(trace, node) == callers[depth]:
            depths[node] = depth + 1
        else:
            above[node] = depth
            parent[node] = -1
    events = replace(trace.events, within=_shift(trace.events, above))
    return replace(trace, tree=replace(tree, parent=parent), events=events)


def _name(trace: Trace, node: int) -> FrameName:
    site = trace.sites[trace.tree.site[node]]
    return _AGAIN.sub(r"\1", site.filename), site.function


def _shift(events: Events, above: npt.NDArray[np.int64]) -> npt.NDArray[np.int16]:
    """Return the depths of `Events.within`, which count from the root of the birth's stack, without the callers."""
    born = events.kind == Kind.BORN
    missing = np.zeros(int(events.buffer.max(initial=-1)) + 1, np.int64)
    missing[events.buffer[born]] = above[events.stack[born]]
    within: npt.NDArray[np.int16] = np.maximum(events.within - missing[events.buffer], -1).astype(np.int16)
    return within
