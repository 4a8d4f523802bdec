"""What a block is that a library mapped by itself, without malloc."""

from __future__ import annotations

import re

PYTHON_OBJECTS = "Python's small objects"
"""What CPython maps arenas for."""

OUTSIDE_PYTHON = "outside Python"
"""Where a block was born that no Python frame asked for: in a thread of a C library, or before Python ran."""

# python3.11, libpython3.11.so.1.0, Python (macOS).
_PYTHON = re.compile(r"(lib)?python(\d[\d.]*\w*)?(\.so[\d.]*|\.dylib)?", re.IGNORECASE)


def name_origin(library: str) -> str:
    """Say what the blocks are that a library maps.

    Parameters
    ----------
    library : str
        File name of the library whose code called ``mmap``.

    Returns
    -------
    str
        OpenBLAS maps a buffer for each of its threads (``blas_memory_alloc``) and keeps it until the end. CPython
        maps the arenas of its small objects (``Objects/obmalloc.c``; 1 MiB each since 3.10).
    """
    if library == "(small blocks)":
        return "small blocks"
    if "openblas" in library.lower():
        return "OpenBLAS thread buffers"
    if _PYTHON.fullmatch(library):
        return PYTHON_OBJECTS
    return f"mapped by {library or 'an unknown library'}"
