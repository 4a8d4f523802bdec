"""Arrays that only a cycle of references keeps alive, until the garbage collector runs."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from ndmem._walk import Graph
from ndmem.weighing.mirror import is_a, qualname_of
from ndmem.weighing.tracked import TrackedBuffers

from .everything import walk_everything
from .object_holders import Found, find_address
from .paths import Paths

_PLAIN = (dict, list, tuple, set, frozenset)
"""Types that say nothing about who made the cycle: their holder does."""

_MOST_STEPS = 200


def find_cycle_holders(*, smallest: int) -> Found:
    """Find the recorded buffers that no variable leads to, and the classes of the objects that hold them.

    Parameters
    ----------
    smallest : int
        Skip buffers of fewer bytes.

    Returns
    -------
    tuple
        As `find_object_holders` returns it; in place of a name the class of the nearest object that is not a plain
        container, and no function.
    """
    buffers = TrackedBuffers(smallest)
    with walk_everything() as everything:
        graph = everything.graph
        starts = {}
        for node in graph.arrays():
            buffer = buffers.at(find_address(graph.object_of(node)))
            if buffer is not None:
                starts[node] = buffer.start
        paths = Paths(graph, set(starts), everything.found, everything.hidden)
        return tuple(
            (graph.object_of(node), owner, "", start)
            for node, start in starts.items()
            if not paths.ways(node) and (owner := _name_owner(graph, node, everything.hidden))
        )


def _name_owner(graph: Graph, node: int, hidden: frozenset[int]) -> str | None:
    """Return the class of the nearest object that leads to a node; ``None`` if no object does."""
    waiting, seen = deque([node]), {node}
    plain: str | None = None
    for _ in range(_MOST_STEPS):
        if not waiting:
            break
        for source, _ in graph.referrers({waiting.popleft()}):
            if source in hidden or source in seen:
                continue
            seen.add(source)
            waiting.append(source)
            holder: Any = graph.object_of(source)
            if not is_a(holder, np.ndarray):
                name = qualname_of(type(holder))
                if type(holder) not in _PLAIN:
                    return name
                plain = plain or name
    return plain
