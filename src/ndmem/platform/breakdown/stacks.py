"""Find the stacks of a process's threads."""

import array
import mmap
import os
import resource
import sys
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from .chunks import Extent
from .smaps import PROC, Kind, Region

_USUAL = 8 << 20
_AROUND = 1 << 20
"""Bytes of a stack's mapping beyond the limit, at most: guard pages, and what glibc keeps on top of a stack."""

_GUARD = 1 << 58
"""Linux 6.15, ``/proc/PID/pagemap``: a page that cannot be touched, within a region that can."""


def thread_stacks(regions: Sequence[Region], pid: int | str, *, proc: Path = PROC) -> list[Extent]:
    """Return the stacks of the threads but the first, whose region the kernel names.

    A stack is found by an address in it: the stack pointer, which the kernel reports for a waiting thread, or for
    Python's own threads their identity, which glibc puts on top of the stack. The page below a stack cannot be read:
    a region of its own, or since glibc 2.42 a page of the stack's own region, which is known from Linux 6.15 on.
    """
    addresses = set(_pointers(proc / str(pid) / "task"))
    if pid == "self":
        addresses |= set(sys._current_frames())
    starts = [region.start for region in regions]
    found = set()
    for address in addresses:
        at = bisect_right(starts, address) - 1
        if at < 1 or regions[at].kind is not Kind.ANONYMOUS:
            continue
        region, below = regions[at], regions[at - 1]
        if address < region.end and below.end == region.start and below.permissions[:3] == "---":
            # Above may be another mapping, which the kernel merged into one region with the stack.
            found.add((region.start, min(region.end - region.start, _most())))
        elif address < region.end and (stack := _find_between_guards(proc / str(pid) / "pagemap", region, address)):
            found.add(stack)
    return sorted(found)


def _find_between_guards(pagemap: Path, region: Region, address: int) -> Extent | None:
    """Return the extent between the guard pages around an address; ``None`` without a guard page below it."""
    first = max(region.start, address - _most() - _AROUND) // mmap.PAGESIZE
    last = min(region.end, address + _most() + _AROUND) // mmap.PAGESIZE
    pages = array.array("Q")
    with suppress(OSError, ValueError):  # no right to read it, or its end is within a page's word
        descriptor = os.open(pagemap, os.O_RDONLY | os.O_CLOEXEC)
        try:
            pages.frombytes(os.pread(descriptor, pages.itemsize * (last - first), pages.itemsize * first))
        finally:
            os.close(descriptor)
    guards = [first + at for at, page in enumerate(pages) if page & _GUARD]
    at = bisect_right(guards, address // mmap.PAGESIZE)
    if at == 0:
        return None
    start = (guards[at - 1] + 1) * mmap.PAGESIZE
    end = guards[at] * mmap.PAGESIZE if at < len(guards) else region.end
    return start, min(end - start, _most())


def _most() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_STACK)
    return soft if 0 < soft < 1 << 40 else _USUAL


def _pointers(tasks: Path) -> Iterable[int]:
    """Yield the stack pointers of threads: the last word but one of ``task/TID/syscall``."""
    with suppress(OSError):
        for task in tasks.iterdir():
            with suppress(OSError, ValueError, IndexError):
                yield int((task / "syscall").read_text().split()[-2], 16)
