"""Python's raw allocator, as C code sees it: its functions, and which ones are installed."""

import ctypes

from ndmem.model.columns import Domain, Kind
from ndmem.model.trace import Trace

RAW = 0
"""``PYMEM_DOMAIN_RAW``."""

_WORDS = ctypes.c_void_p * 5  # of PyMemAllocatorEx: the context and four functions

# CDLL lets go of the GIL for a call, PyDLL keeps it.
_with_gil, _without_gil = ctypes.PyDLL(None), ctypes.CDLL(None)


def read_raw_allocator() -> tuple[int | None, ...]:
    """Return the context and the four functions of Python's raw allocator."""
    found = _WORDS()
    ctypes.pythonapi.PyMem_GetAllocator(RAW, ctypes.byref(found))
    return tuple(found)


class RawBlocks:
    """Calls Python's raw allocator, with the GIL or without."""

    def __init__(self, *, gil: bool) -> None:
        library = _with_gil if gil else _without_gil
        size, pointer = ctypes.c_size_t, ctypes.c_void_p
        self.malloc = self._function(library, "PyMem_RawMalloc", pointer, size)
        self.calloc = self._function(library, "PyMem_RawCalloc", pointer, size, size)
        self.realloc = self._function(library, "PyMem_RawRealloc", pointer, pointer, size)
        self.free = self._function(library, "PyMem_RawFree", None, pointer)

    @staticmethod
    def _function(library: ctypes.CDLL, name: str, result: object, *arguments: object) -> ctypes._CFuncPtr:  # type: ignore[name-defined]
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
        return function


def native_births(trace: Trace) -> list[int]:
    """Bytes of the native blocks, in order of birth."""
    events = trace.events
    return events.nbytes[(events.domain == Domain.NATIVE) & (events.kind == Kind.BORN)].tolist()
