"""Passes over the call tree, one level at a time: thousands of nodes without a Python step for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ndmem.analysis.index import fact
from ndmem.errors import TraceError

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex
    from ndmem.model.columns import Bools, Int32s, Int64s

    Levels = list[Int64s]


def split_levels(parent: Int32s) -> Levels:
    """Split the nodes of a call tree by depth.

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
        If the caller of a node is the node itself, a later node or below -1: such a tree has no root.
    """
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
        # The children of one parent are neighbours in by_parent: this joins the ranges begin … begin + count.
        before = np.cumsum(count) - count
        level = by_parent[np.repeat(begin - before, count) + np.arange(count.sum())]
    return levels


@fact
def tree_levels(index: TraceIndex) -> Levels:
    """Return the nodes of a trace's call tree by depth, see `split_levels`."""
    return split_levels(index.trace.tree.parent)


@fact
def node_depths(index: TraceIndex) -> Int32s:
    """Return the depth of each node of a trace's call tree, shape (n,): 0 for a root."""
    depth = np.zeros(len(index.trace.tree), np.int32)
    for number, level in enumerate(tree_levels(index)):
        depth[level] = number
    return depth


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
    """Return for each node the nearest ``marked`` one from itself to its root; -1 if none is marked."""
    nearest = np.where(marked, np.arange(len(parent), dtype=np.int32), np.int32(-1))
    for level in levels[1:]:
        unmarked = level[~marked[level]]
        nearest[unmarked] = nearest[parent[unmarked]]
    return nearest


def roots(parent: Int32s, levels: Levels) -> Int32s:
    """Return for each node the outermost frame of its stack."""
    return nearest_marked(parent, levels, parent < 0)


def outermost_of_row(parent: Int32s, levels: Levels, row: Int32s) -> Bools:
    """Find the nodes that have a row and no caller with the same row.

    A buffer below such a node is charged to the row exactly once, also when a function calls itself.

    Parameters
    ----------
    parent, row : (n,) int32
        Callers, and the table row of each node, -1 for a node without one.
    levels : list of (k,) int64
        The nodes by depth.

    Returns
    -------
    (n,) bool
    """
    outermost = row >= 0
    # Callers without a row are skipped, so that a deep stack of library frames costs nothing.
    nearest = nearest_marked(parent, levels, row >= 0)
    jump = np.where(parent >= 0, nearest[parent], np.int32(-1))
    nodes = np.flatnonzero(outermost)
    callers = jump[nodes]
    while len(nodes):
        going = callers >= 0
        nodes, callers = nodes[going], callers[going]
        same = row[callers] == row[nodes]
        outermost[nodes[same]] = False
        nodes, callers = nodes[~same], jump[callers[~same]]
    return outermost
