"""Measure how far RSS rises during a call.

Work memory of LAPACK, of sorts and of hash tables is not an array. The pages of it that are touched count in the
resident memory of the process, whichever library allocated them; pages that are never touched do not.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from ndmem.platform.breakdown.heap import heap_figures, trim_heap
from ndmem.platform.huge_pages import without_huge_pages
from ndmem.platform.resident.anonymous import open_resetter, read_status, reset_peak

_M_MMAP_THRESHOLD: Final = -3
_FRESH_NBYTES: Final = 65536
_LARGEST_HOLE: Final = 2**26
"""A larger hole is filled in pieces: if a block this large exceeds the memory limit, malloc goes to another heap."""

_IS_MMAPPED: Final = 2
"""Flag in the size that glibc keeps in front of a block: the block is a memory map of its own."""


@dataclass(slots=True)
class RssGrowth:
    """How far resident memory rose in a block.

    Attributes
    ----------
    nbytes : int or None
        Bytes, once the block has ended; ``None`` if the system does not report them: outside Linux, and on Linux
        without `clear_refs`.
    """

    nbytes: int | None = None


@contextmanager
def watch_rss_growth() -> Iterator[RssGrowth]:
    """Measure how far resident memory rises in the block, above its beginning."""
    growth = RssGrowth()
    with _fresh_memory(), without_huge_pages():
        before = read_status("VmRSS") if reset_peak(_resetter) else None
        yield growth
        highest = read_status("VmHWM")
        growth.nbytes = None if before is None or highest is None else max(highest - before, 0)


_resetter: int | None = None


def keep_resetter() -> int | None:
    """Open the file that resets the peak of resident memory; a contained process can no longer open it.

    Returns
    -------
    int or None
        A descriptor to keep open; ``None`` if the system has no such file.
    """
    global _resetter  # noqa: PLW0603  # one per process, as the file is
    _resetter = open_resetter()
    return _resetter


@contextmanager
def _fresh_memory() -> Iterator[None]:
    """Make glibc's malloc map each large block anew, as it does at the real size.

    Memory that malloc reuses would not raise RSS, and a block that grows among the holes of an old heap leaves pages
    behind (2 MB of a sort's 8). So free memory is returned to the system, and the holes that malloc could still use are
    allocated and not touched.
    """
    if not trim_heap():  # another C library
        yield
        return
    libc = ctypes.CDLL(None)
    libc.mallopt(_M_MMAP_THRESHOLD, _FRESH_NBYTES)
    libc.malloc.restype = ctypes.c_void_p
    taken = _take_holes(libc)
    try:
        yield
    finally:
        for block in taken:
            libc.free(ctypes.c_void_p(block))


def _take_holes(libc: ctypes.CDLL) -> list[int]:
    """Allocate the free blocks of the heap, the largest first."""
    figures = heap_figures()
    # At most what glibc has free: with another malloc, blocks have no flag in front, and the loop would not end.
    left, nbytes = 0 if figures is None else figures.free, _LARGEST_HOLE
    taken: list[int] = []
    while nbytes >= _FRESH_NBYTES:
        block = libc.malloc(ctypes.c_size_t(nbytes)) if nbytes <= left else None
        if block and not ctypes.c_size_t.from_address(block - ctypes.sizeof(ctypes.c_size_t)).value & _IS_MMAPPED:
            taken.append(block)
            left -= nbytes
            continue
        libc.free(ctypes.c_void_p(block))
        nbytes //= 2
    return taken
