"""Find the memory of glibc's malloc besides the main heap, by the headers that malloc writes."""

import ctypes
import mmap
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from .heap import HeapFigures
from .smaps import Kind, Region

Extent = tuple[int, int]
"""Address and bytes."""

# glibc on 64 bits: a thread's heap starts at a multiple of HEAP_MAX_SIZE (arena.c).
_HEAP_MAX = 64 << 20
_MAPPED_BIT = 2
# From glibc 2.43 on the size of a block with a mapping of its own no longer counts its header.
_HEADER_NBYTES = 16
_MOST_PAGES = 1 << 20


def mapped_chunks(regions: Iterable[Region], figures: HeapFigures) -> list[Extent]:
    """Return malloc's blocks that have a mapping of their own, as far as they can be found.

    Such a block starts a page with two words: 0, and its size with the bit for "mapped" (malloc.c,
    ``sysmalloc_mmap``). The size is whole pages, since glibc 2.43 without the 16 bytes of the header.
    Those that `posix_memalign` shifted are not found. The search ends when there are as many as malloc says, or after
    4 GiB of pages that begin otherwise.
    """
    found: list[Extent] = []
    looked = 0
    with _words() as read:
        for start, end in _writable_spans(regions):
            at = start
            while at < end and len(found) < figures.mapped_count and looked < _MOST_PAGES:
                before, size = read(at, 2)
                nbytes = size - _MAPPED_BIT
                if nbytes % mmap.PAGESIZE == mmap.PAGESIZE - _HEADER_NBYTES:
                    nbytes += _HEADER_NBYTES
                if before == 0 and nbytes > 0 and nbytes % mmap.PAGESIZE == 0 and at + nbytes <= end:
                    found.append((at, nbytes))
                    at += nbytes
                else:
                    looked += 1
                    at += mmap.PAGESIZE
    # More than malloc has: other data looked like a block, so none of them can be trusted.
    return found if sum(nbytes for _, nbytes in found) <= figures.mapped_nbytes else []


def thread_heaps(regions: Iterable[Region]) -> list[Extent]:
    """Return the heaps of threads' arenas.

    Each starts with ``heap_info`` (arena.c): its arena, the arena's heap before it, bytes used, writable bytes.
    """
    heaps: dict[int, tuple[int, int]] = {}
    with _words() as read:
        for start, end in _writable_spans(regions):
            for at in range(-(-start // _HEAP_MAX) * _HEAP_MAX, end, _HEAP_MAX):
                arena, before, used, writable = read(at, 4)
                sizes = 0 < used <= writable <= _HEAP_MAX and writable % mmap.PAGESIZE == 0
                if sizes and before % _HEAP_MAX == 0 and at + writable <= end:
                    heaps[at] = arena, writable
    # The arena itself lies behind the header of its first heap.
    return [
        (at, writable)
        for at, (arena, writable) in heaps.items()
        if arena - arena % _HEAP_MAX in heaps and 32 <= arena % _HEAP_MAX <= 128
    ]


def _writable_spans(regions: Iterable[Region]) -> Iterator[tuple[int, int]]:
    """Yield start and end of anonymous memory without a gap.

    One block may be several regions: NumPy asks for huge pages from a large array's second page on.
    """
    start = end = 0
    for region in regions:
        if region.kind is not Kind.ANONYMOUS or region.permissions[:2] != "rw":
            continue
        if region.start != end:
            yield start, end
            start = region.start
        end = region.end
    yield start, end


@contextmanager
def _words() -> Iterator[Callable[[int, int], tuple[int, ...]]]:
    """Return a function that reads a number of 8-byte words at an address; 0 where it cannot be read.

    It reads through the kernel, because another thread may unmap the address at any time. It keeps the GIL, unlike
    `os.pread`: reading a page's first words is faster than getting the GIL back from busy threads.
    """
    pread = ctypes.PyDLL(None).pread
    pread.argtypes, pread.restype = (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int64), ctypes.c_ssize_t
    try:
        memory = os.open("/proc/self/mem", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        memory = -1

    def read(address: int, count: int) -> tuple[int, ...]:
        words = (ctypes.c_uint64 * count)()
        pread(memory, words, 8 * count, address)  # leaves zeros where it fails
        return tuple(words)

    try:
        yield read
    finally:
        if memory >= 0:
            os.close(memory)
