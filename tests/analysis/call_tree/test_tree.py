"""Levels of a call tree."""

import numpy as np
import pytest

from ndmem.analysis.call_tree.levels import split_levels
from ndmem.errors import TraceError


def test_nodes_are_split_by_depth() -> None:
    """Each node of a tree is in the level of its depth, once."""
    levels = split_levels(np.array([-1, 0, 0, 1], np.int32))
    assert [level.tolist() for level in levels] == [[0], [1, 2], [3]]


@pytest.mark.parametrize("parent", [[0], [-1, 2, 1], [-1, -2]], ids=["itself", "later", "below -1"])
def test_a_tree_without_a_root_is_refused(parent: list[int]) -> None:
    """A node that is called from itself, from a later node or from one below -1 is an error, not an endless loop."""
    with pytest.raises(TraceError, match="damaged"):
        split_levels(np.array(parent, np.int32))
