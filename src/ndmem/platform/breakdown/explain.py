"""The parts that a snapshot's resident memory consists of."""

from __future__ import annotations

import mmap
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ndmem.model.memory.breakdown import Breakdown
from ndmem.platform.resident.pages import resident_nbytes
from ndmem.units import format_nbytes

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


@dataclass(frozen=True, slots=True)
class _Places:
    """Bytes in RAM of malloc's heaps, its large blocks, and private memory that is neither; the arrays in each."""

    heaps: int
    chunks: int
    rest: int
    in_heaps: _Arrays
    in_chunks: _Arrays
    in_rest: _Arrays

    @property
    def arrays(self) -> _Arrays:
        every = (self.in_heaps, self.in_chunks, self.in_rest)
        return _Arrays(sum(each.nbytes for each in every), sum(each.resident for each in every))


def explain(taken: Snapshot, arrays: Extents, *, arrow: int = 0) -> Breakdown:
    """Divide the resident memory of this process.

    Parameters
    ----------
    taken : Snapshot
        Taken before the search for `arrays`, which needs memory too.
    arrays : ndarray of int64, shape (n, 2)
        Address and bytes of each live array's memory; none overlaps another.
    arrow : int
        Bytes that Arrow's own allocator has in use.

    Returns
    -------
    Breakdown
        Its arrays are those in private memory; what lies in a mapped file or in shared memory counts there.

    Notes
    -----
    Parts with a known place are measured page by page: files, stacks, arrays, malloc's large blocks. Of the heaps
    malloc says how much is in use, but not where: the used part is assumed to be in RAM, and what is in RAM beyond it,
    up to malloc's free bytes, is memory that malloc keeps. Python's arenas and Arrow's blocks are assumed to be in RAM
    entirely.
    """
    of = {kind: sum(region.resident for region in taken.regions if region.kind is kind) for kind in Kind}
    stacks = sum(_resident(taken.stacks, taken.regions))
    places = _places(taken, arrays, of, stacks)
    small = taken.small
    heap, freed = _heap(taken, places)
    return Breakdown(
        pid=os.getpid(),
        rss=sum(of.values()),
        arrays=places.arrays.resident,
        heap=heap,
        freed=freed,
        arrow=_pool(arrow, taken, places),
        python_used=small.used if small else None,
        python_free=small.free if small else None,
        libraries=of[Kind.LIBRARY],
        mapped=of[Kind.MAPPED],
        shared=of[Kind.SHARED],
        stacks=of[Kind.STACK] + stacks,
        untouched=places.arrays.nbytes - places.arrays.resident,
        notes=tuple(_notes(taken)),
    )


def _places(taken: Snapshot, arrays: Extents, of: dict[Kind, int], stacks: int) -> _Places:
    """Group the arrays by the kind of their place."""
    regions = taken.regions
    thread_heaps, chunks = (sum(_resident(each, regions)) for each in (taken.heaps, taken.chunks))
    heaps, rest = of[Kind.HEAP] + thread_heaps, of[Kind.ANONYMOUS] - thread_heaps - chunks - stacks
    in_heaps = _inside(arrays, _extents(regions, Kind.HEAP) + taken.heaps)
    in_chunks = _inside(arrays, taken.chunks) & ~in_heaps
    in_rest = _inside(arrays, _extents(regions, Kind.ANONYMOUS)) & ~in_heaps & ~in_chunks
    return _Places(
        heaps,
        chunks,
        rest,
        _measure(arrays[in_heaps], regions, most=heaps),
        _measure(arrays[in_chunks], regions, most=chunks),
        _measure(arrays[in_rest], regions, most=max(0, rest)),
    )


def _heap(taken: Snapshot, places: _Places) -> tuple[int | None, int | None]:
    """Return malloc's memory without arrays: bytes in use, and freed bytes that malloc keeps."""
    if taken.heap is None:
        return None, None
    room = places.heaps - places.in_heaps.resident
    used = min(max(0, taken.heap.used - places.in_heaps.nbytes), room)
    freed = min(taken.heap.free, room - used)
    # Large blocks whose place is unknown are assumed to be in RAM, as far as unassigned memory remains.
    unplaced = taken.heap.mapped_nbytes - sum(nbytes for _, nbytes in taken.chunks) - places.in_rest.nbytes
    left = places.rest - places.in_rest.resident - (taken.small.used + taken.small.free if taken.small else 0)
    large = places.chunks - places.in_chunks.resident + min(max(0, unplaced), max(0, left))
    return used + large, freed


def _pool(nbytes: int, taken: Snapshot, places: _Places) -> int:
    """Return what a library's own allocator has in use: arrays outside of malloc's memory are assumed to lie in it."""
    arenas = taken.small.used + taken.small.free if taken.small else 0
    left = places.rest - places.in_rest.resident - arenas
    return max(0, min(nbytes - places.in_rest.nbytes, left))


def _extents(regions: Sequence[Region], kind: Kind) -> list[Extent]:
    return [(region.start, region.end - region.start) for region in regions if region.kind is kind]


def _notes(taken: Snapshot) -> list[str]:
    notes = []
    swapped = sum(region.swapped for region in taken.regions)
    if swapped:
        notes.append(f"{format_nbytes(swapped)} more is in swap.")
    if taken.heap is None:
        notes.append("This malloc does not report its memory: only glibc's does, from 2.33 on.")
    if taken.small is None:
        notes.append("Python does not report the memory of its arenas.")
    return notes


def _inside(arrays: Extents, extents: Sequence[Extent]) -> npt.NDArray[np.bool_]:
    """Return which arrays start within one of the extents."""
    if not extents:
        return np.zeros(len(arrays), bool)
    ordered = np.array(sorted(extents), np.int64)
    at = np.searchsorted(ordered[:, 0], arrays[:, 0], "right") - 1
    inside: npt.NDArray[np.bool_] = (at >= 0) & (arrays[:, 0] < ordered[at].sum(axis=1))
    return inside


def _measure(arrays: Extents, regions: Sequence[Region], *, most: int) -> _Arrays:
    """Add up arrays in a place with a number of bytes in RAM.

    Arrays below two pages are assumed to be in RAM, because malloc writes before and behind them; swap is an exception.
    """
    small = arrays[:, 1] < 2 * mmap.PAGESIZE
    asked = _resident([(int(address), int(nbytes)) for address, nbytes in arrays[~small]], regions)
    return _Arrays(int(arrays[:, 1].sum()), min(most, int(arrays[small, 1].sum()) + sum(asked)))


def _resident(extents: Sequence[Extent], regions: Sequence[Region]) -> list[int]:
    """Return the bytes of each extent in RAM.

    Where the kernel cannot report single pages (before Linux 6.7), a region's resident bytes are given to its extents
    in order.
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
