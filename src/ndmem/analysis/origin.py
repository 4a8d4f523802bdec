"""Origins of blocks that a library mapped by itself, without malloc."""

import re

PYTHON_OBJECTS = "Python's small objects"
"""Objects for which CPython maps arenas."""

SMALL_BLOCKS = "small blocks"
"""Blocks below the size that is recorded one by one, as their sum."""

OPENBLAS = "OpenBLAS thread buffers"
"""A buffer for each of its threads."""

ARROW = "Arrow"
"""Blocks of Arrow's own allocator, which the line that asked for them names better."""

OUTSIDE_PYTHON = "outside Python"
"""Place of a block allocated outside any Python frame: in a thread of a C library, or before Python ran."""

# python3.11, libpython3.11.so.1.0, Python (macOS).
_PYTHON = re.compile(r"(lib)?python(\d[\d.]*\w*)?(\.so[\d.]*|\.dylib)?", re.IGNORECASE)


def name_origin(library: str) -> str:
    """Name the blocks that a library maps.

    Parameters
    ----------
    library : str
        File name of the library whose code called ``mmap``.

    Returns
    -------
    str
        The purpose of the blocks, if the library maps them for only one; else the library. OpenBLAS maps a buffer for
        each of its threads (``blas_memory_alloc``) and keeps it until the end. CPython maps the arenas of its small
        objects (``Objects/obmalloc.c``; 1 MiB each).
    """
    if library == "(small blocks)":
        return SMALL_BLOCKS
    if library == "(Arrow)":
        return ARROW
    if "openblas" in library.lower():
        return OPENBLAS
    if _PYTHON.fullmatch(library):
        return PYTHON_OBJECTS
    return f"mapped by {library or 'an unknown library'}"
