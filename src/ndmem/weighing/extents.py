"""Where the live arrays of this process are, without their names."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

import numpy as np

from ndmem import _native
from ndmem._walk import Graph
from ndmem.model.trace import Domain

from .buffers import ADDRESS, DOMAIN, NBYTES, buffer_table, settle_regions
from .registry import rule_of
from .scopes import scopes

if TYPE_CHECKING:
    import numpy.typing as npt


def live_extents() -> npt.NDArray[np.int64]:
    """Find the memory of the live arrays of this process.

    Returns
    -------
    ndarray of int64, shape (n, 2)
        Address and bytes of each region, by address; none overlaps another.

    Notes
    -----
    The walk is that of `ndmem.arrays`, without what names need: 0.15 s instead of 6 s with 200,000 arrays. While
    tracking, buffers that only C code holds are there too.
    """
    found, everything = list(scopes()), gc.get_objects()
    graph = Graph(_resolve)
    try:
        graph.root([everything, [scope.variables for scope in found]])
        settle_regions(graph)
        table = buffer_table(graph)
        walked = table[table[:, DOMAIN] != Domain.PYTHON][:, [ADDRESS, NBYTES]]
        tracked = np.array([found[:2] for found in _native.live_buffers(1)], np.int64).reshape(-1, 2)
        return _disjoint(np.concatenate([tracked, walked]))
    finally:
        # All objects there are include this function's frame, which holds the graph: a cycle nobody would break.
        graph.clear()
        found.clear()
        everything.clear()


def _resolve(kind: type) -> Any:
    rule = rule_of(kind)
    return rule if isinstance(rule, str) else None


def _disjoint(extents: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Count what two extents share with the first of them."""
    extents = extents[np.argsort(extents[:, 0], kind="stable")]
    starts, ends = extents[:, 0], extents[:, 0] + extents[:, 1]
    begun = starts.copy()
    begun[1:] = np.maximum(starts[1:], np.maximum.accumulate(ends)[:-1])
    sizes = ends - begun
    settled: npt.NDArray[np.int64] = np.stack([begun, sizes], axis=1)[(sizes > 0) & (starts != 0)]
    return settled
