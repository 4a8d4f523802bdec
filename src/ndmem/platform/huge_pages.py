"""Huge pages, which make resident memory larger than what is touched."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_SET_THP_DISABLE: Final = 41
_GET_THP_DISABLE: Final = 42
_UNUSED: Final = (ctypes.c_ulong(0),) * 4


@contextmanager
def without_huge_pages() -> Iterator[None]:
    """Disable huge pages inside the block, for all threads of the process.

    NumPy requests huge pages for arrays of 4 MiB or more, and the heap keeps the request after the array is freed: the
    first byte of the next block there brings 2 MiB into RAM (2 to 9 MB too many were measured for 8 to 17).
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
