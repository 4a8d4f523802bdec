"""The highest resident memory of a process, as the kernel counted it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .system import IS_MACOS

if TYPE_CHECKING:
    import resource


def peak_resident_nbytes(usage: resource.struct_rusage) -> int:
    """Return the bytes of ``ru_maxrss``, which macOS counts in bytes and other systems in KiB."""
    return usage.ru_maxrss * (1 if IS_MACOS else 1024)
