"""Call tree with a table row for each node, library frames folded into the user's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .levels import nearest_marked, split_levels

if TYPE_CHECKING:
    from ndmem.model.columns import Bools, Int32s

    from .levels import Levels


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """Call tree with a table row for each node.

    Attributes
    ----------
    parent : (n + t,) int32
        The n nodes of the trace, then one twin for each node that stands for stacks without a visible frame.
        The twin is needed because other stacks through the same node do have a visible frame.
    levels : list of (k,) int64
        Those nodes by depth.
    row : (n + t,) int32
        Row of the table, -1 for a frame that is folded into its caller.
    leaf : (n,) int32
        Node at which the buffers allocated by a node of the trace are counted.
    own : (n,) int32
        Row of the visible frame nearest to the leaf.
    rows : int
        Number of rows.
    """

    parent: Int32s
    levels: Levels
    row: Int32s
    leaf: Int32s
    own: Int32s
    rows: int


def fold_tree(parent: Int32s, levels: Levels, *, visible: Bools, standing: Int32s, row: Int32s, rows: int) -> Fold:
    """Find the rows to which the buffers of each node of a call tree are charged.

    Parameters
    ----------
    parent : (n,) int32
        Node of the caller, -1 at a root.
    levels : list of (k,) int64
        The nodes by depth.
    visible : (n,) bool
        Frames that have a row.
    standing : (n,) int32
        Node that stands for the stack of each node, if no frame of it is visible.
    row : (n,) int32
        Row of each node; it is used if the node is visible or stands for a stack.
    rows : int
        Number of rows.
    """
    nearest = nearest_marked(parent, levels, visible)
    hidden = nearest < 0
    twins, twin_of = np.unique(standing[hidden], return_inverse=True)
    leaf = np.arange(len(parent), dtype=np.int32)
    leaf[hidden] = len(parent) + twin_of
    with_twins = np.concatenate([parent, np.full(len(twins), -1, np.int32)])
    return Fold(
        parent=with_twins,
        levels=split_levels(with_twins) if len(twins) else levels,
        row=np.concatenate([np.where(visible, row, np.int32(-1)), row[twins]]).astype(np.int32, copy=False),
        leaf=leaf,
        own=row[np.where(hidden, standing, nearest)],
        rows=rows,
    )
