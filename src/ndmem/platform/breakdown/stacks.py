"""Where the stacks of a process's threads are."""

from __future__ import annotations

import resource
import sys
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from .chunks import Extent
from .smaps import PROC, Kind, Region

_USUAL = 8 << 20


def thread_stacks(regions: Sequence[Region], pid: int | str, *, proc: Path = PROC) -> list[Extent]:
    """Return the stacks of the threads but the first, whose region the kernel names.

    A stack is found by an address in it: the stack pointer, which the kernel tells of a thread that waits, and for
    Python's own threads their identity, which glibc puts on top of the stack. The page below a stack cannot be read.
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
            # What lies above may be another mapping, in one region with the stack.
            found.add((region.start, min(region.end - region.start, _most())))
    return sorted(found)


def _most() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_STACK)
    return soft if 0 < soft < 1 << 40 else _USUAL


def _pointers(tasks: Path) -> Iterable[int]:
    """Yield the stack pointers of threads: the last word but one of ``task/TID/syscall``."""
    with suppress(OSError):
        for task in tasks.iterdir():
            with suppress(OSError, ValueError, IndexError):
                yield int((task / "syscall").read_text().split()[-2], 16)
