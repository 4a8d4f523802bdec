"""Objects that only a cycle of references keeps alive, and the classes that the user knows them by."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Any

import numpy as np

from ndmem.weighing.mirror import is_a, qualname_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ndmem._walk import Graph

_PLAIN = (dict, list, tuple, set, frozenset)
"""Types that say nothing about who made the cycle: their holder does."""

_MOST_STEPS = 200

_MOST_NODES = 100_000
"""Objects that lead to the arrays in question, at most: beyond that nothing is called garbage."""


def find_garbage(graph: Graph, nodes: Sequence[int], hidden: frozenset[int]) -> dict[int, str]:
    """Find the nodes that the garbage collector would free, and the classes of the objects that hold them.

    Found by trial deletion, as the collector does it, but backwards from the nodes: an object with more references than
    were met is held by something else, as a running function or code in C, and so is all that it leads to.

    Parameters
    ----------
    graph : Graph
        A walk from all objects of the process.
    nodes : sequence of int
        The nodes in question.
    hidden : frozenset of int
        The roots of the walk: nodes that are its own.
    """
    targets: dict[int, list[int]] = {}
    held: set[int] = set()
    level, seen = set(nodes), set(nodes)
    while level:
        if len(seen) > _MOST_NODES:
            return {}
        edges = graph.referrers(level)
        met = Counter(target for _, target in edges)
        each = tuple(level)
        outside = {node for node, count in zip(each, graph.references(each), strict=True) if count > met[node]}
        held |= outside
        level = set()
        for source, target in edges:
            if source not in hidden and target not in outside:  # what is held anyway need not be followed
                targets.setdefault(source, []).append(target)
                level.add(source)
        level -= seen
        seen |= level
    waiting = list(held)
    while waiting:
        found = [target for target in targets.get(waiting.pop(), ()) if target not in held]
        held.update(found)
        waiting += found
    return {node: owner for node in nodes if node not in held and (owner := name_owner(graph, node, hidden))}


def name_owner(graph: Graph, node: int, hidden: frozenset[int]) -> str | None:
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
