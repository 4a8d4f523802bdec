"""Resident memory of this process now."""

from __future__ import annotations

import os


def own_resident_nbytes() -> int | None:
    """Return the bytes of this process in RAM; ``None`` where the system does not say it."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123  # as fast as it can be
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):  # a system without /proc
        from ndmem import _native

        return _native.resident()[0]
