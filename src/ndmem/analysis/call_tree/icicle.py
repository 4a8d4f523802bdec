"""Call stacks as one tree of lines, each with the bytes of what was made below it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .frames import mark_user_nodes
from .measure import Measure, weigh_nodes
from .tree import split_levels, sum_subtrees

if TYPE_CHECKING:
    from ndmem.model.columns import Int32s, Int64s
    from ndmem.model.trace import Trace

    Key = tuple[str, int, str]

_SMALLEST = 1000
"""The part of the whole, as its denominator, that a node must have in one of the measures to be seen in a picture."""


@dataclass(frozen=True, slots=True, eq=False)
class Icicle:
    """A tree of lines; its roots stand at the top of the picture.

    Attributes
    ----------
    keys : tuple of (str, int, str)
        File name, line number and function of each node.
    parent : (n,) int32
        Node above it, -1 for a root; parents come before their children.
    nbytes : mapping of Measure to (n,) int64
        Bytes of a node with all below it.
    total : mapping of Measure to int
        Bytes of the whole; what the roots lack of it is in nodes too small to be kept.
    """

    keys: tuple[Key, ...]
    parent: Int32s
    nbytes: dict[Measure, Int64s]
    total: dict[Measure, int]


def build_icicle(trace: Trace, *, library: bool = False, inverted: bool = False, limit: int = 500) -> Icicle:
    """Build the tree of a run's call stacks.

    Parameters
    ----------
    trace : Trace
        The run.
    library : bool
        Keep the frames of libraries; else only the user's, or the outermost frame where there is none.
    inverted : bool
        The lines that made arrays at the top and their callers below; else the outermost callers at the top.
    limit : int
        Keep at most so many nodes, the largest.

    Raises
    ------
    TraceError
        If the trace's call tree is damaged.
    """
    weights = {measure: weigh_nodes(trace, measure) for measure in Measure}
    total = {measure: int(column.sum()) for measure, column in weights.items()}
    weighed = np.flatnonzero(np.logical_or.reduce(list(weights.values()))).tolist()
    keys, parent, place = _grow(_paths(trace, library=library), weighed, inverted=inverted)
    levels = split_levels(parent)
    nbytes = {}
    for measure, column in weights.items():
        own = np.zeros(len(parent), np.int64)
        np.add.at(own, place, column[weighed])
        nbytes[measure] = sum_subtrees(parent, levels, own)
    kept = _choose(nbytes, total, limit)
    number = np.full(len(parent) + 1, -1, np.int32)  # the last one stands for "no parent"
    number[kept] = np.arange(len(kept))
    return Icicle(
        keys=tuple(keys[node] for node in kept.tolist()),
        parent=number[parent[kept]],
        nbytes={measure: column[kept] for measure, column in nbytes.items()},
        total=total,
    )


def _paths(trace: Trace, *, library: bool) -> list[tuple[Key, ...]]:
    """Return the lines of each node's stack that are shown, the outermost first."""
    key_of = [(site.filename, site.lineno, site.function) for site in trace.sites]
    users = mark_user_nodes(trace).tolist()
    # Of a stack without a frame of the user's its root is shown.
    shown: list[tuple[Key, ...]] = []
    root: list[Key] = []
    for node, (up, site) in enumerate(zip(trace.tree.parent.tolist(), trace.tree.site.tolist(), strict=True)):
        above = shown[up] if up >= 0 else ()
        shown.append((*above, key_of[site]) if library or users[node] else above)
        root.append(root[up] if up >= 0 else key_of[site])
    return [path or (outermost,) for path, outermost in zip(shown, root, strict=True)]


def _grow(paths: list[tuple[Key, ...]], weighed: list[int], *, inverted: bool) -> tuple[list[Key], Int32s, Int64s]:
    """Join paths to a tree; return its keys, its parents, and the node at which each weighed path ends.

    The lines of an expression's parts are one line: nodes that differ only in their instruction meet.
    """
    numbers: dict[tuple[int, Key], int] = {}
    ends: dict[tuple[Key, ...], int] = {}
    keys: list[Key] = []
    parent: list[int] = []
    place = np.zeros(len(weighed), np.int64)
    for index, node in enumerate(weighed):
        path = paths[node]
        if path not in ends:
            at = -1
            for key in reversed(path) if inverted else path:
                up, at = at, numbers.setdefault((at, key), len(keys))
                if at == len(keys):
                    keys.append(key)
                    parent.append(up)
            ends[path] = at
        place[index] = ends[path]
    return keys, np.array(parent, np.int32), place


def _choose(nbytes: dict[Measure, Int64s], total: dict[Measure, int], limit: int) -> Int64s:
    """Return the nodes that can be seen, the largest of them, in their order.

    A node has at least what each below it has: whoever is kept has its parent kept.
    """
    share = np.zeros(len(nbytes[Measure.PEAK]))
    for measure, column in nbytes.items():
        share = np.maximum(share, column / max(total[measure], 1))
    order = np.argsort(-share, kind="stable")[:limit]
    return np.sort(order[share[order] * _SMALLEST >= 1])
