"""Keep the memory of freed arrays for the next ones, within a number of bytes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ndmem import _native


@contextmanager
def freed_arrays_kept(nbytes: int, *, least_room: int = 0) -> Iterator[None]:
    """Give the memory of freed arrays of 1 MiB and more to the next arrays of their size, inside the ``with`` block.

    Inside another such block of the process this one does nothing.

    Parameters
    ----------
    nbytes : int
        Bytes that arrays and what is kept may have together. Arrays alone may exceed it; nothing is kept then.
    least_room : int
        Bytes that are asked of malloc for such an array, at least. Where that is the size from which on malloc returns
        what is freed, it returns each of these arrays that is not kept.
    """
    if not nbytes or not _native.keep_blocks(nbytes, least_room):
        yield
        return
    try:
        yield
    finally:
        _native.keep_blocks(0, 0)
