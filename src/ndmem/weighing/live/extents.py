"""Find the live arrays of this process, without their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ndmem import _native
from ndmem.model.trace import Domain
from ndmem.weighing.buffers import ADDRESS, DOMAIN, NBYTES, buffer_table, settle_regions

from .everything import walk_everything

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
    The walk is that of `ndmem.arrays` without names: 0.15 s instead of 6 s for 200,000 arrays. While tracking, buffers
    that only C code holds are included.
    """
    with walk_everything() as everything:
        settle_regions(everything.graph)
        table = buffer_table(everything.graph)
        walked = table[table[:, DOMAIN] != Domain.PYTHON][:, [ADDRESS, NBYTES]]
        tracked = np.array([found[:2] for found in _native.live_buffers(1)], np.int64).reshape(-1, 2)
        return _disjoint(np.concatenate([tracked, walked]))


def _disjoint(extents: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Make extents disjoint: bytes that two of them share count for the first."""
    extents = extents[np.argsort(extents[:, 0], kind="stable")]
    starts, ends = extents[:, 0], extents[:, 0] + extents[:, 1]
    begun = starts.copy()
    begun[1:] = np.maximum(starts[1:], np.maximum.accumulate(ends)[:-1])
    sizes = ends - begun
    settled: npt.NDArray[np.int64] = np.stack([begun, sizes], axis=1)[(sizes > 0) & (starts != 0)]
    return settled
