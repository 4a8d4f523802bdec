"""Read the figures of Python's allocator for objects up to 512 bytes: its arenas, and how much is used."""

import ctypes
import re
from dataclasses import dataclass
from typing import Final

_ARENAS: Final = re.compile(rb"^([\d,]+) arenas \* (\d+) bytes/arena", re.MULTILINE)
_AVAILABLE: Final = re.compile(rb"^# bytes in available blocks += +([\d,]+)", re.MULTILINE)
_UNUSED: Final = re.compile(rb"^([\d,]+) unused pools \* (\d+) bytes", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class SmallObjects:
    """Bytes of the arenas.

    Attributes
    ----------
    used : int
        Bytes in objects, rounded up to their size classes and pools.
    free : int
        Bytes that are free for other objects.
    """

    used: int
    free: int


def small_objects() -> SmallObjects | None:
    """Read Python's figures; ``None`` where it has none."""
    text = _stats()
    return None if text is None else parse_stats(text)


def parse_stats(text: bytes) -> SmallObjects | None:
    """Parse what ``sys._debugmallocstats`` prints about the arenas.

    An empty text is Python's answer when all objects come from malloc (``PYTHONMALLOC=malloc``); one without the lines
    about arenas is another allocator's (mimalloc), which is not supported.
    """
    arenas, available, unused = _ARENAS.search(text), _AVAILABLE.search(text), _UNUSED.search(text)
    if arenas and available and unused:
        free = _number(available[1]) + _number(unused[1]) * int(unused[2])
        return SmallObjects(_number(arenas[1]) * int(arenas[2]) - free, free)
    return None if text.strip() else SmallObjects(0, 0)


def _number(text: bytes) -> int:
    return int(text.replace(b",", b""))


def _stats() -> bytes | None:
    """Let Python write its figures into a memory stream.

    `sys._debugmallocstats` writes to descriptor 2; redirecting that would swallow what other threads write. The
    function that it calls takes a stream, is exported by CPython 3.11 to 3.15, and runs under the GIL.
    """
    try:
        write = ctypes.PyDLL(None)._PyObject_DebugMallocStats
        library = ctypes.CDLL(None)
        opened, close, release = library.open_memstream, library.fclose, library.free
    except (AttributeError, OSError):
        return None
    text, length = ctypes.c_void_p(), ctypes.c_size_t()
    opened.argtypes, opened.restype = [ctypes.c_void_p, ctypes.c_void_p], ctypes.c_void_p
    write.argtypes = close.argtypes = release.argtypes = [ctypes.c_void_p]
    stream = opened(ctypes.byref(text), ctypes.byref(length))
    if not stream:
        return None
    write(stream)
    close(stream)
    try:
        return ctypes.string_at(text, length.value) if text.value else None
    finally:
        release(text)
