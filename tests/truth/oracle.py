"""An independent oracle of array memory: the exact peak of NumPy's tracemalloc domain in a piece of code.

NumPy reports each array buffer to tracemalloc, which knows the live bytes but keeps no peak of one domain.
So the domain is read at every birth, from a wrapper around the allocator of NumPy's default data-memory
handler (NEP 49).

``PyDataMem_SetHandler`` would be the documented way, but it needs a ``free`` of our own, and NumPy frees
operands while an exception is pending: Python code called then loses the exception and the interpreter
crashes (seen on CPython 3.11 to 3.13). A peak is always reached at a birth, so wrapping the births alone is
exact. It sees all threads.
"""

import contextlib
import ctypes
import importlib
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

ARRAY_DOMAIN: Final = 389047  # np.lib.tracemalloc_domain

# PYFUNCTYPE keeps the GIL: NumPy's own allocator, and a tracker behind it, are called with it held.
_Malloc: Final = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
_Calloc: Final = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t)
_Realloc: Final = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)


class _Handler(ctypes.Structure):
    """``PyDataMem_Handler`` of NumPy's C API, version 1, up to the functions that make buffers."""

    _fields_ = (
        ("name", ctypes.c_char * 127),
        ("version", ctypes.c_uint8),
        ("ctx", ctypes.c_void_p),
        ("malloc", _Malloc),
        ("calloc", _Calloc),
        ("realloc", _Realloc),
    )


@dataclass(slots=True)
class ArrayMemory:
    """What the oracle saw, of the buffers born since it started watching.

    Attributes
    ----------
    peak_nbytes : int
        Highest number of live bytes.
    live_nbytes : int
        Bytes alive when watching ended.
    total_nbytes : int
        Bytes of all births; a reallocation counts with its new size.
    births : int
        How often NumPy asked for memory.
    """

    peak_nbytes: int = 0
    live_nbytes: int = 0
    total_nbytes: int = 0
    births: int = 0
    _nbytes_at: dict[int, int] = field(default_factory=dict, repr=False)
    _forgotten_at_realloc: bool = field(default=False, repr=False)

    def note_birth(self, address: int | None, nbytes: int, *, moved_from: int | None = None) -> None:
        """Take up a buffer that NumPy has just been given and not yet reported to tracemalloc."""
        if address is None:
            return
        known = _read_domain()
        # An address is looked up only while its buffer lives: later births there have overwritten older ones.
        if moved_from is not None and not self._forgotten_at_realloc:
            known -= self._nbytes_at.get(moved_from, 0)
        self._nbytes_at[address] = nbytes
        self.births += 1
        self.total_nbytes += nbytes
        self.peak_nbytes = max(self.peak_nbytes, known + nbytes)

    def calibrate(self) -> None:
        """See whether NumPy makes tracemalloc forget a buffer before it is reallocated, then start afresh.

        NumPy 2.2 to 2.4 do, 2.5 tells it afterwards.
        """
        self._forgotten_at_realloc = True
        probe = np.empty(2, np.uint8)
        probe.resize(3, refcheck=False)
        # 3 if the old buffer was not known any more, else 2 + 3.
        self._forgotten_at_realloc = self.peak_nbytes == 3
        self.peak_nbytes = self.total_nbytes = self.births = 0


@contextlib.contextmanager
def watch_arrays() -> Iterator[ArrayMemory]:
    """Watch NumPy's array memory, of all threads, while the block runs.

    A tracker may start and stop inside the block. Around it, it also sees a probe of 3 bytes; the two must
    not cross. A birth costs about one microsecond for each block alive, also Python's: the oracle is meant
    for some thousands of births.

    Yields
    ------
    ArrayMemory
        Complete when the block is left, also by an exception.

    Raises
    ------
    RuntimeError
        If tracemalloc is tracing already: buffers born before would be counted too. If something that changed
        the allocator inside the block has not put it back.
    """
    if tracemalloc.is_tracing():
        raise RuntimeError("tracemalloc is tracing already; stop it: the oracle counts from its own start")
    seen, handler = ArrayMemory(), _default_handler()
    plain = _pointers(handler)
    wrapped = _wrap(seen, handler)
    tracemalloc.start(1)
    handler.malloc, handler.calloc, handler.realloc = wrapped
    ours = _pointers(handler)
    try:
        seen.calibrate()
        yield seen
    finally:
        crossed = _pointers(handler) != ours
        if crossed:
            _still_called.append(wrapped)
        else:
            handler.malloc, handler.calloc, handler.realloc = _functions(plain)
        seen.live_nbytes = _read_domain()
        tracemalloc.stop()
    if crossed:
        raise RuntimeError("NumPy's allocator was changed inside the block and not put back: peak not known")


def _wrap(seen: ArrayMemory, handler: _Handler) -> tuple[Any, Any, Any]:
    """Return C functions that call the handler's present ones and tell ``seen``."""
    malloc, calloc, realloc = _functions(_pointers(handler))

    def note_malloc(ctx: int | None, nbytes: int) -> int | None:
        address: int | None = malloc(ctx, nbytes)
        seen.note_birth(address, nbytes)
        return address

    def note_calloc(ctx: int | None, count: int, nbytes: int) -> int | None:
        address: int | None = calloc(ctx, count, nbytes)
        seen.note_birth(address, count * nbytes)
        return address

    def note_realloc(ctx: int | None, old: int | None, nbytes: int) -> int | None:
        address: int | None = realloc(ctx, old, nbytes)
        seen.note_birth(address, nbytes, moved_from=old)
        return address

    return _Malloc(note_malloc), _Calloc(note_calloc), _Realloc(note_realloc)


def _read_domain() -> int:
    """Return the bytes of arrays that tracemalloc knows to be alive."""
    # tracemalloc's own DomainFilter takes five times as long.
    return sum(trace.size for trace in tracemalloc.take_snapshot().traces if trace.domain == ARRAY_DOMAIN)


def _default_handler() -> _Handler:
    """Find the handler all arrays use: entry 306 of NumPy's C API table, ``PyDataMem_DefaultHandler``."""
    get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
    get_pointer.restype, get_pointer.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
    table = get_pointer(importlib.import_module("numpy._core._multiarray_umath")._ARRAY_API, None)
    entry = ctypes.cast(table, ctypes.POINTER(ctypes.POINTER(ctypes.py_object)))[306]
    return _Handler.from_address(get_pointer(entry[0], b"mem_handler"))


def _pointers(handler: _Handler) -> tuple[int, int, int]:
    """Return the addresses of malloc, calloc and realloc; a ctypes field changes with its structure."""
    start = ctypes.addressof(handler) + _Handler.malloc.offset
    malloc, calloc, realloc = (ctypes.c_size_t * 3).from_address(start)
    return malloc, calloc, realloc


def _functions(pointers: tuple[int, int, int]) -> tuple[Any, Any, Any]:
    return _Malloc(pointers[0]), _Calloc(pointers[1]), _Realloc(pointers[2])


# Wrappers that somebody chained to and did not let go: freed, they would be called as garbage.
_still_called: Final[list[object]] = []
