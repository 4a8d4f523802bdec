"""How much of the process comes into RAM while something runs.

Work memory of LAPACK, of sorts and of hash tables is no array. What of it is touched shows in the resident memory of
the process, whoever asked for it and however; what was asked for and never touched does not.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ndmem.process.heap import heap_figures, trim_heap

_STATUS: Final = Path("/proc/self/status")
_CLEAR_REFS: Final = Path("/proc/self/clear_refs")
_RESET_PEAK: Final = "5"
_M_MMAP_THRESHOLD: Final = -3
_FRESH_NBYTES: Final = 65536
_LARGEST_HOLE: Final = 2**26
"""A larger one is taken in pieces. Where so much is not allowed any more, malloc would go to another heap."""

_IS_MMAPPED: Final = 2
"""In the size that glibc keeps in front of a block: it is a map of its own."""

_SET_THP_DISABLE: Final = 41
_GET_THP_DISABLE: Final = 42
_UNUSED: Final = (ctypes.c_ulong(0),) * 4


def measure_rise(action: Callable[[], object]) -> int | None:
    """Call something and return how far resident memory rose; its result counts.

    Parameters
    ----------
    action : callable
        What to call.

    Returns
    -------
    int or None
        Bytes; ``None`` where the system does not say: other systems than Linux, and Linux without `clear_refs`.
    """
    with _fresh_memory(), _small_pages():
        try:
            _CLEAR_REFS.write_text(_RESET_PEAK, "ascii")
        except OSError:
            action()
            return None
        before = read_status("VmRSS")
        kept = action()
        highest = read_status("VmHWM")
        del kept
    return None if before is None or highest is None else max(highest - before, 0)


@contextmanager
def _small_pages() -> Iterator[None]:
    """Let no page be a huge one.

    NumPy asks for huge pages where an array of 4 MiB or more lies, and a heap keeps that when the array is gone: the
    first byte of what comes there next brings 2 MiB into RAM (2 to 9 MB too many were measured for 8 to 17).
    """
    try:
        control = ctypes.CDLL(None).prctl
    except (OSError, AttributeError):  # another system than Linux
        yield
        return
    before = control(_GET_THP_DISABLE, *_UNUSED)
    control(_SET_THP_DISABLE, ctypes.c_ulong(1), *_UNUSED[1:])
    try:
        yield
    finally:
        control(_SET_THP_DISABLE, ctypes.c_ulong(max(before, 0)), *_UNUSED[1:])


@contextmanager
def _fresh_memory() -> Iterator[None]:
    """Let glibc's malloc take each large block anew, as it does at the real size.

    What is used again would not show, and a block that grows among the holes of an old heap leaves pages behind (2 MB
    of a sort's 8). So what is free goes back to the system, and what malloc could still use is taken, untouched.
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
    """Take the blocks that malloc would give of the heap and not as maps of their own, the largest first."""
    figures = heap_figures()
    # No more than glibc has: malloc may be another's, whose blocks say nothing of maps.
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


def read_status(field: str) -> int | None:
    """Return bytes that the kernel counts for this process; ``None`` where it does not say, as outside Linux."""
    try:
        found = re.search(rf"^{field}:\s+(\d+) kB", _STATUS.read_text("ascii", "replace"), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None
