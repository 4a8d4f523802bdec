"""Passes over the call tree, a level at a time: thousands of nodes, never a Python step for each."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

import numpy as np

from ndmem.errors import TraceError

if TYPE_CHECKING:
    from ndmem.model.columns import Bools, Int32s, Int64s

    Levels = list[Int64s]


_known: dict[int, Levels] = {}
"""Of the trees that are there, by identity: a report asks sixteen times for those of one (a quarter of its time)."""


def split_levels(parent: Int32s) -> Levels:
    """Split the nodes of a call tree by depth; the same list as long as the tree is there.

    Parameters
    ----------
    parent : (n,) int32
        Node of the caller, -1 at a root; parents come before their children.

    Returns
    -------
    list of (k,) int64
        Nodes at depth 0 (the roots), 1, 2, …; each node once.

    Raises
    ------
    TraceError
        If a node is called from itself, from a later node or from one below -1: such a tree has no root.
    """
    if id(parent) not in _known:
        _known[id(parent)] = _split(parent)
        weakref.finalize(parent, _known.pop, id(parent))
    return _known[id(parent)]


def _split(parent: Int32s) -> Levels:
    nodes = np.arange(len(parent))
    wrong = np.flatnonzero((parent >= nodes) | (parent < -1))
    if len(wrong):
        node = int(wrong[0])
        raise TraceError(
            f"call tree of {len(parent)} nodes: node {node} is called from node {int(parent[node])}, "
            "not from an earlier one; the trace is damaged, record the run again"
        )
    by_parent = np.argsort(parent, kind="stable")
    first = np.searchsorted(parent[by_parent], np.arange(-1, len(parent) + 1))
    levels, level = [], by_parent[: first[1]]
    while len(level):
        levels.append(level)
        begin, count = first[level + 1], first[level + 2] - first[level + 1]
        # Children of one parent are neighbours in by_parent: the ranges begin … begin + count, joined.
        before = np.cumsum(count) - count
        level = by_parent[np.repeat(begin - before, count) + np.arange(count.sum())]
    return levels


def sum_subtrees(parent: Int32s, levels: Levels, values: Int64s) -> Int64s:
    """Return for each node the sum of ``values``, shape (n,), over it and all below it."""
    sums = values.copy()
    for level in reversed(levels[1:]):
        np.add.at(sums, parent[level], sums[level])
    return sums


def max_subtrees(parent: Int32s, levels: Levels, values: Int64s) -> Int64s:
    """Return for each node the highest of ``values``, shape (n,), over it and all below it."""
    highest = values.copy()
    for level in reversed(levels[1:]):
        np.maximum.at(highest, parent[level], highest[level])
    return highest


def nearest_marked(parent: Int32s, levels: Levels, marked: Bools) -> Int32s:
    """Return for each node itself or its nearest caller that is ``marked``; -1 where none is."""
    nearest = np.where(marked, np.arange(len(parent), dtype=np.int32), np.int32(-1))
    for level in levels[1:]:
        unmarked = level[~marked[level]]
        nearest[unmarked] = nearest[parent[unmarked]]
    return nearest


def roots(parent: Int32s, levels: Levels) -> Int32s:
    """Return for each node the outermost frame of its stack."""
    return nearest_marked(parent, levels, parent < 0)


def count_depth(levels: Levels, *, nodes: int) -> Int32s:
    """Return the depth of each node: 0 for a root."""
    depth = np.zeros(nodes, np.int32)
    for number, level in enumerate(levels):
        depth[level] = number
    return depth


def outermost_of_row(parent: Int32s, row: Int32s) -> Bools:
    """Find the nodes that have a row and no caller with the same row.

    A buffer below such nodes belongs to the row exactly once, also when a function calls itself.

    Parameters
    ----------
    parent, row : (n,) int32
        Callers, and the table row of each node, -1 where it has none.

    Returns
    -------
    (n,) bool
    """
    outermost = row >= 0
    # No row pays for frames that have none: callers without a row are jumped over.
    jump = _jump_to_rows(parent, row)
    nodes = np.flatnonzero(outermost)
    callers = jump[nodes]
    while len(nodes):
        going = callers >= 0
        nodes, callers = nodes[going], callers[going]
        same = row[callers] == row[nodes]
        outermost[nodes[same]] = False
        nodes, callers = nodes[~same], jump[callers[~same]]
    return outermost


def _jump_to_rows(parent: Int32s, row: Int32s) -> Int32s:
    """Return for each node its nearest caller, not itself, that has a row; -1 where none has."""
    nearest = nearest_marked(parent, split_levels(parent), row >= 0)
    return np.where(parent >= 0, nearest[parent], np.int32(-1))
