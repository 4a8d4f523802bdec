"""Read the figures of glibc's malloc: its memory, and how much of it is free."""

import ctypes
from dataclasses import dataclass

# glibc 2.33, malloc.h: struct mallinfo2. The older mallinfo counts in ints and wraps at 4 GiB.
_FIELDS = ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")


class _Mallinfo2(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in _FIELDS]  # noqa: RUF012 (the shape ctypes asks for)


@dataclass(frozen=True, slots=True)
class HeapFigures:
    """malloc's own figures, for all its arenas together.

    Attributes
    ----------
    nbytes : int
        Bytes of the heaps.
    used, free : int
        Bytes of their blocks that are in use, and that are free. Not all need be in RAM.
    mapped_count, mapped_nbytes : int
        Blocks so large that each has a mapping of its own, which is not part of a heap.
    """

    nbytes: int
    used: int
    free: int
    mapped_count: int
    mapped_nbytes: int


def heap_figures() -> HeapFigures | None:
    """Read malloc's figures; ``None`` where it has none: musl, macOS, glibc before 2.33.

    Notes
    -----
    malloc locks one arena after the other and walks its free blocks: 50 ms for 100,000 of them. psutil has
    the same figures from 7.2 on, but not the free bytes.
    """
    try:
        ask = ctypes.CDLL(None).mallinfo2
    except (AttributeError, OSError):
        return None
    ask.restype = _Mallinfo2
    found = ask()
    return HeapFigures(found.arena, found.uordblks, found.fordblks, found.hblks, found.hblkhd)


def trim_heap() -> bool:
    """Return the heap's free pages to the system; ``False`` where malloc cannot (musl, macOS)."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError):
        return False
    trim.argtypes = [ctypes.c_size_t]
    trim(0)
    return True
