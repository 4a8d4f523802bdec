"""Make glibc's malloc return freed arrays to the system, so that resident memory is what is allocated."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ndmem.platform.breakdown.heap import trim_heap

_M_TRIM_THRESHOLD: Final = -1  # malloc.h of glibc
_M_MMAP_THRESHOLD: Final = -3
MEASURED: Final = 2**16
"""Blocks from 64 KiB on get a mapping of their own, so that none reuses memory unseen while pages are counted."""

RUNNING: Final = 2**20
"""Blocks from 1 MiB on do. By itself glibc raises the size to 32 MiB when it sees such blocks freed, and then keeps
what was freed in each thread's heap: 0.99 to 1.33 times the predicted peak were measured."""

MOST: Final = 2**25
"""The largest size that glibc takes, and the one it arrives at by itself in a program that has freed such arrays."""


@contextmanager
def freed_memory_returned(nbytes: int) -> Iterator[None]:
    """Make malloc return the memory of large blocks as soon as they are freed, inside the ``with`` block.

    Afterwards the size is the one that glibc arrives at by itself. Does nothing with another C library.

    Parameters
    ----------
    nbytes : int
        The size from which on a block is large: `MEASURED`, `RUNNING`, or up to `MOST`.
    """
    if not return_freed_memory(nbytes):
        yield
        return
    try:
        yield
    finally:
        _set_threshold(MOST)


def return_freed_memory(nbytes: int) -> bool:
    """Make malloc return blocks from a size on as soon as they are freed, and what is free now.

    Returns
    -------
    bool
        False with another C library, which is left as it is.
    """
    gc.collect()
    if not trim_heap():
        return False
    _set_threshold(nbytes)
    return True


def _set_threshold(nbytes: int) -> None:
    libc = ctypes.CDLL(None)
    libc.mallopt(_M_MMAP_THRESHOLD, nbytes)
    libc.mallopt(_M_TRIM_THRESHOLD, 2 * nbytes)
