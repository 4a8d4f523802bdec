"""Icicle of a run: its call stacks as one tree of lines, each with the bytes allocated below it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ndmem.analysis.index import fact
from ndmem.analysis.measure import Measure, weigh_nodes

from .frames import mark_user_nodes, standing_nodes
from .levels import nearest_marked, split_levels, sum_subtrees

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex
    from ndmem.model.columns import Int32s, Int64s

    Key = tuple[str, int, str]

_SMALLEST = 1000
"""A node is drawn if it has at least this part of the whole in one of the measures; the number is its denominator."""


@dataclass(frozen=True, slots=True, eq=False)
class Icicle:
    """Tree of lines; its roots stand at the top of the picture.

    Attributes
    ----------
    keys : tuple of (str, int, str)
        File name, line number and function of each node.
    parent : (n,) int32
        Node above it, -1 for a root; parents come before their children.
    nbytes : mapping of Measure to (n,) int64
        Bytes of a node and all below it.
    total : mapping of Measure to int
        Bytes of the whole; nodes that are too small to be kept have the difference to the sum of the roots.
    place : (m,) int32
        For each node of the call tree the node of the icicle that counts its arrays, or the nearest one above that is
        kept; -1 if none is.
    """

    keys: tuple[Key, ...]
    parent: Int32s
    nbytes: dict[Measure, Int64s]
    total: dict[Measure, int]
    place: Int32s


@fact
def build_icicle(index: TraceIndex, *, library: bool = False, inverted: bool = False, limit: int = 500) -> Icicle:
    """Build the tree of a run's call stacks.

    Parameters
    ----------
    index : TraceIndex
        The run.
    library : bool
        Keep the frames of libraries; else only the user's, or the frame that stands for a stack without one.
    inverted : bool
        Put the allocating lines at the top and their callers below; else the outermost callers at the top.
    limit : int
        Keep at most this many nodes, the largest.

    Raises
    ------
    TraceError
        If the trace's call tree is damaged.
    """
    weights = {measure: weigh_nodes(index, measure) for measure in Measure}
    total = {measure: int(column.sum()) for measure, column in weights.items()}
    weighed = np.flatnonzero(np.logical_or.reduce(list(weights.values()))).tolist()
    keys, parent, place = _join_paths(_shown_paths(index, library=library), weighed, inverted=inverted)
    levels = split_levels(parent)
    nbytes = {}
    for measure, column in weights.items():
        own = np.zeros(len(parent), np.int64)
        np.add.at(own, place, column[weighed])
        nbytes[measure] = sum_subtrees(parent, levels, own)
    kept = _choose_visible(nbytes, total, limit)
    number = np.full(len(parent) + 1, -1, np.int32)  # the last one stands for "no parent"
    number[kept] = np.arange(len(kept))
    is_kept = np.zeros(len(parent), np.bool_)
    is_kept[kept] = True
    place_of = np.full(len(index.trace.tree), -1, np.int32)
    place_of[weighed] = number[nearest_marked(parent, levels, is_kept)[place]]
    return Icicle(
        keys=tuple(keys[node] for node in kept.tolist()),
        parent=number[parent[kept]],
        nbytes={measure: column[kept] for measure, column in nbytes.items()},
        total=total,
        place=place_of,
    )


@fact
def _shown_paths(index: TraceIndex, *, library: bool) -> list[tuple[Key, ...]]:
    """Return the lines of each node's stack that are shown, the outermost first."""
    trace = index.trace
    key_of = [(site.filename, site.lineno, site.function) for site in trace.sites]
    users = mark_user_nodes(index).tolist()
    shown: list[tuple[Key, ...]] = []
    for node, (up, site) in enumerate(zip(trace.tree.parent.tolist(), trace.tree.site.tolist(), strict=True)):
        above = shown[up] if up >= 0 else ()
        shown.append((*above, key_of[site]) if library or users[node] else above)
    standing = trace.tree.site[standing_nodes(index)].tolist()
    return [path or (key_of[site],) for path, site in zip(shown, standing, strict=True)]


def _join_paths(
    paths: list[tuple[Key, ...]], weighed: list[int], *, inverted: bool
) -> tuple[list[Key], Int32s, Int64s]:
    """Join paths to a tree; return its keys, its parents, and the node at which each weighed path ends.

    Nodes of the call tree that differ only in their instruction become one: the tree is one of lines.
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


def _choose_visible(nbytes: dict[Measure, Int64s], total: dict[Measure, int], limit: int) -> Int64s:
    # A node has at least the bytes of each node below it: the parent of a kept node is kept too.
    share = np.zeros(len(nbytes[Measure.PEAK]))
    for measure, column in nbytes.items():
        share = np.maximum(share, column / max(total[measure], 1))
    order = np.argsort(-share, kind="stable")[:limit]
    return np.sort(order[share[order] * _SMALLEST >= 1])
