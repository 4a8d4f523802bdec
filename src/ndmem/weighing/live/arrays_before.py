"""The arrays that exist when recording begins in a running program, and who holds them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ndmem._walk import Graph
from ndmem.weighing.tracked import TrackedBuffers

from .arrays import find_first, find_nbytes, find_owner, group_by_buffer
from .everything import walk_everything
from .paths import Paths, shorten_way


def find_arrays_before(*, smallest: int, most: int) -> dict[str, Any]:
    """Find the buffers of arrays that are live and that no recording has.

    Parameters
    ----------
    smallest : int
        Buffers of fewer bytes are only counted.
    most : int
        Buffers that are described at most, the largest ones.

    Returns
    -------
    dict
        The fields ``arrays``, ``count`` and ``nbytes`` of `ndmem.model.arrays_before.ArraysBefore`, as JSON can hold
        them. Arrays of ndmem itself, a few KiB, are left out where they would be described, and counted else.
    """
    with walk_everything() as everything:
        graph, recorded = everything.graph, TrackedBuffers(1)
        # Recording has begun: what it has is younger.
        groups = [
            (find_nbytes(graph, nodes, recorded), nodes)
            for nodes in group_by_buffer(graph).values()
            if recorded.at(find_first(graph, nodes)) is None
        ]
        groups.sort(key=lambda group: -group[0])
        chosen = [group for group in groups[:most] if group[0] >= smallest]
        paths = Paths(graph, {node for _, nodes in chosen for node in nodes}, everything.found, everything.hidden)
        own = [nodes for _, nodes in chosen if all(map(paths.is_own, nodes))]
        theirs = [group for group in groups if group[1] not in own] if own else groups
        return {
            "arrays": [_describe(graph, nbytes, nodes, paths) for nbytes, nodes in chosen if nodes not in own],
            "count": len(theirs),
            "nbytes": sum(nbytes for nbytes, _ in theirs),
        }


def _describe(graph: Graph, nbytes: int, nodes: list[int], paths: Paths) -> dict[str, Any]:
    members = [graph.object_of(node) for node in nodes]
    owner = find_owner(members)
    shown = owner if owner is not None else max(members, key=lambda each: int(np.ndarray.nbytes.__get__(each)))
    return {
        "nbytes": nbytes,
        "shape": [int(length) for length in np.ndarray.shape.__get__(shown)],
        "dtype": str(np.ndarray.dtype.__get__(shown)),
        "holder": _name(nodes, paths),
    }


def _name(nodes: list[int], paths: Paths) -> str:
    """Return the way to a buffer: from a variable of a module, which lives longest, else of a function."""
    ways = [(bool(scope.after), way) for node in nodes for way in paths.ways(node) for scope in way[:1]]
    if ways:
        _, (scope, name, path) = min(ways, key=lambda way: way[0])
        return f"{scope.before}{scope.within}{name}{shorten_way(path)}{scope.after}"
    return next((way for node in nodes if (way := paths.owner(node))), "")
