"""How far the record of native memory reaches."""

from __future__ import annotations

import enum


class NativeReach(str, enum.Enum):
    """Which native blocks a run's record has."""

    MALLOC = "malloc"
    """All that libraries and Python took with malloc and mmap: under ``ndmem run`` on Linux."""

    PYTHON = "python"
    """What Python's own allocators gave: Python's objects, and from NumPy 2.5 on the scratch of LAPACK and of sorts."""
