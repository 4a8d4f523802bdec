"""Replace the open files that a fork shares with its parent.

A regular file that can be read is opened again, for reading only, at the same position: processes that share an open
file share its position too. Files that are open only for writing (a log), pipes and sockets become `/dev/null`.
"""

import os
import stat
from collections.abc import Collection
from typing import Final

from ndmem.platform.system import IS_LINUX

_FOLDER: Final = "/proc/self/fd" if IS_LINUX else "/dev/fd"
_FIRST: Final = 3
"""Standard input, output and error, 0 to 2, are /dev/null already."""

# /dev/null, zero, full, random and urandom on Linux.
_HARMLESS_DEVICES: Final = frozenset(os.makedev(1, minor) for minor in (3, 5, 7, 8, 9))


def replace_descriptors(keep: Collection[int]) -> None:
    """Replace every open file, except those to keep.

    Parameters
    ----------
    keep : collection of int
        Descriptors of the child itself.
    """
    numbers = [int(name) for name in os.listdir(_FOLDER)]  # noqa: PTH208  # names, not paths
    nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for number in numbers:
        if number >= _FIRST and number not in keep:
            try:
                kind = os.fstat(number)
            except OSError:  # it was open for the listing
                continue
            _replace(number, kind, nothing)
    os.close(nothing)


def _replace(number: int, kind: os.stat_result, nothing: int) -> None:
    if stat.S_ISCHR(kind.st_mode) and kind.st_rdev in _HARMLESS_DEVICES:
        return
    other = _open_again(number, kind.st_mode)
    os.dup2(nothing if other is None else other, number, inheritable=False)
    if other is not None:
        os.close(other)


def _open_again(number: int, mode: int) -> int | None:
    """Open the file of a descriptor again, for reading; ``None`` if not possible, as outside Linux."""
    import fcntl  # only on POSIX; outside Linux /dev/fd would share the position

    flags = fcntl.fcntl(number, fcntl.F_GETFL)
    if not IS_LINUX or flags & os.O_ACCMODE == os.O_WRONLY or not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        return None
    try:
        other = os.open(f"{_FOLDER}/{number}", os.O_RDONLY | os.O_CLOEXEC | flags & getattr(os, "O_PATH", 0))
    except OSError:
        return None
    if stat.S_ISREG(mode):
        os.lseek(other, os.lseek(number, 0, os.SEEK_CUR), os.SEEK_SET)
    return other
