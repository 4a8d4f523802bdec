"""The parts that a snapshot's resident memory consists of."""

from __future__ import annotations

import mmap
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ndmem.model.breakdown import Breakdown
from ndmem.units import format_nbytes

from .resident import resident_nbytes
from .smaps import Kind, Region

if TYPE_CHECKING:
    import numpy.typing as npt

    from .chunks import Extent
    from .snapshot import Snapshot

    Extents = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Arrays:
    """Live arrays in one kind of place: their bytes, and those of them in RAM."""

    nbytes: int
    resident: int


def explain(taken: Snapshot, arrays: Extents) -> Breakdown:
    """Divide the resident memory of this process.

    Parameters
    ----------
    taken : Snapshot
        Taken before `arrays` were looked for: that needs memory too.
    arrays : ndarray of int64, shape (n, 2)
        Address and bytes of each live array's memory; none overlaps another.

    Returns
    -------
    Breakdown
        Its arrays are those in private memory; what lies in a mapped file or in shared memory counts there.

    Notes
    -----
    What has a place is measured there, page by page: files, stacks, arrays, malloc's large blocks. Of the heaps
    it is known how much is in use but not where: it is taken to be in RAM, and what is in RAM beyond it, up to what
    malloc has free, is what malloc keeps. Python's arenas are taken to be in RAM whole.
    """
    of = {kind: sum(region.resident for region in taken.regions if region.kind is kind) for kind in Kind}
    main_heap = [(r.start, r.end - r.start) for r in taken.regions if r.kind is Kind.HEAP]
    own = [(r.start, r.end - r.start) for r in taken.regions if r.kind is Kind.ANONYMOUS]
    heaps, chunks, stacks = (sum(_resident(each, taken.regions)) for each in (taken.heaps, taken.chunks, taken.stacks))
    in_heap = _inside(arrays, main_heap + taken.heaps)
    in_chunk = _inside(arrays, taken.chunks) & ~in_heap
    loose = _inside(arrays, own) & ~in_heap & ~in_chunk
    within = _measure(arrays[in_heap], taken.regions, most=of[Kind.HEAP] + heaps)
    chunked = _measure(arrays[in_chunk], taken.regions, most=chunks)
    other = _measure(arrays[loose], taken.regions, most=of[Kind.ANONYMOUS])
    small = taken.small
    heap = freed = None
    if taken.heap:
        room = of[Kind.HEAP] + heaps - within.resident
        used = min(max(0, taken.heap.used - within.nbytes), max(0, room))
        freed = min(taken.heap.free, max(0, room - used))
        # Large blocks whose place is not known; in RAM as far as there is anything left that they can be.
        unplaced = taken.heap.mapped_nbytes - sum(nbytes for _, nbytes in taken.chunks) - other.nbytes
        left = of[Kind.ANONYMOUS] - heaps - stacks - chunks - other.resident
        left -= small.used + small.free if small else 0
        heap = used + chunks - chunked.resident + min(max(0, unplaced), max(0, left))
    together = (within, chunked, other)
    return Breakdown(
        pid=os.getpid(),
        rss=sum(of.values()),
        arrays=sum(each.resident for each in together),
        heap=heap,
        freed=freed,
        python_used=small.used if small else None,
        python_free=small.free if small else None,
        libraries=of[Kind.LIBRARY],
        mapped=of[Kind.MAPPED],
        shared=of[Kind.SHARED],
        stacks=of[Kind.STACK] + stacks,
        untouched=sum(each.nbytes - each.resident for each in together),
        notes=tuple(_notes(taken)),
    )


def _notes(taken: Snapshot) -> list[str]:
    notes = []
    swapped = sum(region.swapped for region in taken.regions)
    if swapped:
        notes.append(f"{format_nbytes(swapped)} more is in swap.")
    if taken.heap is None:
        notes.append("This malloc does not say what it has: only glibc's does, from 2.33 on.")
    if taken.small is None:
        notes.append("Python does not say what its arenas have.")
    return notes


def _inside(arrays: Extents, extents: Sequence[Extent]) -> npt.NDArray[np.bool_]:
    """Say which arrays start within one of the extents."""
    if not extents:
        return np.zeros(len(arrays), bool)
    ordered = np.array(sorted(extents), np.int64)
    at = np.searchsorted(ordered[:, 0], arrays[:, 0], "right") - 1
    inside: npt.NDArray[np.bool_] = (at >= 0) & (arrays[:, 0] < ordered[at].sum(axis=1))
    return inside


def _measure(arrays: Extents, regions: Sequence[Region], *, most: int) -> _Arrays:
    """Add up arrays in a place that has so much in RAM.

    Those below two pages are taken to be there, for malloc writes before and behind them; in swap they would not be.
    """
    small = arrays[:, 1] < 2 * mmap.PAGESIZE
    asked = _resident([(int(address), int(nbytes)) for address, nbytes in arrays[~small]], regions)
    return _Arrays(int(arrays[:, 1].sum()), min(most, int(arrays[small, 1].sum()) + sum(asked)))


def _resident(extents: Sequence[Extent], regions: Sequence[Region]) -> list[int]:
    """Return the bytes of each extent in RAM.

    Where the kernel does not tell it of single pages (before Linux 6.7): of what lies in one region, as much as the
    region has, the first extents first.
    """
    exact = resident_nbytes(extents)
    if None not in exact:
        return [nbytes for nbytes in exact if nbytes is not None]
    starts = np.array([region.start for region in regions], np.int64)
    left = [region.resident for region in regions]
    capped = []
    for address, nbytes in extents:
        at = int(np.searchsorted(starts, address, "right")) - 1
        capped.append(min(nbytes, left[at]) if at >= 0 else 0)
        if at >= 0:
            left[at] -= capped[-1]
    return capped
