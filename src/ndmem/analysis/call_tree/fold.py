"""The call tree as a table sees it: each node with its row, library frames folded into the user's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .tree import nearest_marked, roots, split_levels

if TYPE_CHECKING:
    from ndmem.model.columns import Bools, Int32s


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """A call tree with a table row for each node.

    Attributes
    ----------
    parent : (n + t,) int32
        The n nodes of the trace, then one twin for each root that stands for stacks without a visible frame.
        A twin, not the root itself: other stacks from the same root do have a visible frame.
    row : (n + t,) int32
        Row of the table, -1 for a frame that is folded into its caller.
    leaf : (n,) int32
        Node at which the buffers born at a node of the trace are counted.
    own : (n,) int32
        Row of the visible frame nearest to the leaf.
    rows : int
        Number of rows.
    """

    parent: Int32s
    row: Int32s
    leaf: Int32s
    own: Int32s
    rows: int


def fold_tree(parent: Int32s, *, visible: Bools, row: Int32s, rows: int) -> Fold:
    """Give each buffer of a call tree the rows it counts for.

    Parameters
    ----------
    parent : (n,) int32
        Node of the caller, -1 at a root.
    visible : (n,) bool
        Frames that have a row.
    row : (n,) int32
        Row of each node, if it is visible or stands for a stack.
    rows : int
        Number of rows.
    """
    levels = split_levels(parent)
    nearest = nearest_marked(parent, levels, visible)
    root = roots(parent, levels)
    hidden = nearest < 0
    twins, twin_of = np.unique(root[hidden], return_inverse=True)
    leaf = np.arange(len(parent), dtype=np.int32)
    leaf[hidden] = len(parent) + twin_of
    return Fold(
        parent=np.concatenate([parent, np.full(len(twins), -1, np.int32)]),
        row=np.concatenate([np.where(visible, row, np.int32(-1)), row[twins]]).astype(np.int32, copy=False),
        leaf=leaf,
        own=row[np.where(hidden, root, nearest)],
        rows=rows,
    )
