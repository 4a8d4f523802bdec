"""Disk space for a file, before it is written."""

from __future__ import annotations

import errno
import os


def reserve_disk_space(descriptor: int, position: int, nbytes: int) -> None:
    """Make an open file at least ``position + nbytes`` long, with disk space for its bytes from a position on.

    Where the system cannot reserve space, as macOS, it must be free now, and another program may take it later.

    Raises
    ------
    OSError
        If there is not as much space.
    """
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, position, nbytes)
        return
    found = os.fstatvfs(descriptor)
    if found.f_bavail * found.f_frsize < nbytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.ftruncate(descriptor, max(os.fstat(descriptor).st_size, position + nbytes))
