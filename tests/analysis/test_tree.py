"""Levels of a call tree, which are kept as long as the tree is there."""

from __future__ import annotations

import gc

import numpy as np

from ndmem.analysis import tree
from ndmem.analysis.tree import split_levels


def test_a_tree_is_split_once() -> None:
    """The levels of one tree are the same list, and an equal tree has its own."""
    parent = np.array([-1, 0, 0, 1], np.int32)
    levels = split_levels(parent)
    assert [level.tolist() for level in levels] == [[0], [1, 2], [3]]
    assert split_levels(parent) is levels
    assert split_levels(parent.copy()) is not levels


def test_a_tree_that_is_gone_is_forgotten() -> None:
    """A tree where another one was has its own levels, and of those that are gone nothing is kept."""
    gc.collect()
    before = len(tree._known)
    for depth in range(1, 50):
        assert len(split_levels(np.arange(-1, depth - 1, dtype=np.int32))) == depth
    gc.collect()
    assert len(tree._known) == before
