"""What attaching must leave as it is in a process."""

import ctypes
import gc
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np

_get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_get_pointer.restype, _get_pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]


class _Allocator(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("context", "malloc", "calloc", "realloc", "free")]  # noqa: RUF012


def _allocators() -> list[list[int | None]]:
    found = []
    for domain in range(3):
        allocator = _Allocator()
        ctypes.pythonapi.PyMem_GetAllocator(domain, ctypes.byref(allocator))
        found.append([getattr(allocator, name) for name, _ in _Allocator._fields_])
    return found


def _handler() -> bytes:
    slots = ctypes.cast(_get_pointer(np._core._multiarray_umath._ARRAY_API, None), ctypes.POINTER(ctypes.c_void_p))
    capsule = ctypes.cast(slots[306], ctypes.POINTER(ctypes.py_object))[0]
    return ctypes.string_at(_get_pointer(capsule, b"mem_handler"), 168)


def state() -> dict[str, Any]:
    """Return allocators, NumPy's handler, threads, files, hooks and signals."""
    return {
        "allocators": _allocators(),
        "handler": (_handler(), np._core.multiarray.get_handler_name()),
        "threads": [each.name for each in threading.enumerate()],
        "tasks": len(list(Path("/proc/self/task").iterdir())),
        "files": sorted(each.name for each in Path("/proc/self/fd").iterdir()),
        "hooks": list(sys.meta_path),
        "path": list(sys.path),
        "sys": sorted(vars(sys)),
        "callbacks": list(gc.callbacks),
        "signals": [signal.getsignal(number) for number in (2, 10, 12, 15)],
        "modules of ndmem": [name for name in sys.modules if name.startswith("ndmem")],
    }
