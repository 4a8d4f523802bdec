"""Make memory private that a fork shares with other processes: `np.memmap`, `mmap`, shared memory.

A private map of the same file replaces each shared map. If the file cannot be opened again, because it has no name, the
contents are copied.
"""

import ctypes
import mmap
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ndmem.phrasing import current_phrasing
from ndmem.units import format_nbytes

from .uncontained import UncontainedError

_MAPS: Final = Path("/proc/self/maps")
_LINE: Final = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (...)s ([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) (\d+) *(.*)")
_FIXED: Final = 0x10
_MREMAP_MOVE_TO: Final = 1 | 2
_MOST_COPIED: Final = 2**30
_FAILED: Final = ctypes.c_void_p(-1).value
# The others are devices and maps of the kernel: reading them may have effects.
_IS_MEMORY: Final = re.compile(r"/dev/zero|/dev/shm/|/memfd:|/SYSV|/\S.* \(deleted\)$|$")


@dataclass(frozen=True, slots=True)
class SharedMap:
    """A range of addresses that is shared with other processes.

    Attributes
    ----------
    start, nbytes : int
        The range.
    rights : str
        ``"rw-"``.
    offset, device, inode : int
        Position and file; for some file systems the device differs from that of `os.stat`.
    name : str
        Name of the file, as the kernel writes it.
    """

    start: int
    nbytes: int
    rights: str
    offset: int
    device: int
    inode: int
    name: str


def make_maps_private() -> None:
    """Replace every shared map of this process with a private one.

    Raises
    ------
    UncontainedError
        If a map can be neither opened nor copied.
    """
    found = list(_find_shared())
    if not found:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = libc.mremap.restype = ctypes.c_void_p
    for each in found:
        file = _open_file(each)
        if file is None:
            _copy(libc, each)
        else:
            try:
                _map(libc, each, mmap.MAP_PRIVATE | _FIXED, file)
            finally:
                os.close(file)


def _find_shared() -> Iterator[SharedMap]:
    try:
        lines = os.fsdecode(_MAPS.read_bytes()).split("\n")
    except OSError:  # outside Linux there is no list of maps
        return
    for line in lines:
        found = _LINE.fullmatch(line)
        if found:
            start, end, offset = (int(found[i], 16) for i in (1, 2, 4))
            device = os.makedev(int(found[5], 16), int(found[6], 16))
            yield SharedMap(start, end - start, found[3], offset, device, int(found[7]), found[8])


def _open_file(each: SharedMap) -> int | None:
    """Open the file of a map for reading, by its name or by a descriptor; ``None`` if it has neither."""
    if not each.inode:
        return None
    name = each.name.replace("\\012", "\n")
    for path in (name, *(f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd"))):  # noqa: PTH208
        try:
            kind = os.stat(path)  # noqa: PTH116  # not always a valid path
            is_same = kind.st_ino == each.inode and (path == name or kind.st_dev == each.device)
            if is_same and stat.S_ISREG(kind.st_mode):
                return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except (OSError, ValueError):  # each path may fail
            continue
    return None


def _copy(libc: ctypes.CDLL, each: SharedMap) -> None:
    if not _IS_MEMORY.match(each.name) or (each.nbytes > _MOST_COPIED and each.rights != "---"):
        what = each.name or "memory"
        raise UncontainedError(
            f"this process shares {format_nbytes(each.nbytes)} of {what} with others, which the function could change; "
            f"close it, or {current_phrasing().no_sandbox} if that does no harm"
        )
    start = _map(libc, each, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1)
    if "r" in each.rights:
        libc.mprotect(ctypes.c_void_p(start), ctypes.c_size_t(each.nbytes), mmap.PROT_READ | mmap.PROT_WRITE)
        ctypes.memmove(start, each.start, each.nbytes)
        libc.mprotect(ctypes.c_void_p(start), ctypes.c_size_t(each.nbytes), _protection(each.rights))
    size = ctypes.c_size_t(each.nbytes)
    moved = libc.mremap(ctypes.c_void_p(start), size, size, _MREMAP_MOVE_TO, ctypes.c_void_p(each.start))
    if moved != each.start:
        raise UncontainedError(f"a shared map of {format_nbytes(each.nbytes)} could not be replaced by a copy")


def _map(libc: ctypes.CDLL, each: SharedMap, flags: int, file: int) -> int:
    place = ctypes.c_void_p(each.start if flags & _FIXED else None)
    offset = ctypes.c_long(each.offset if flags & _FIXED else 0)
    start = libc.mmap(place, ctypes.c_size_t(each.nbytes), _protection(each.rights), flags, file, offset)
    if start == _FAILED:
        raise UncontainedError(
            f"a shared map of {format_nbytes(each.nbytes)} ({each.name or 'memory'}) could not be made private: "
            f"{os.strerror(ctypes.get_errno())}"
        )
    return int(start)


def _protection(rights: str) -> int:
    pairs = zip("rwx", (mmap.PROT_READ, mmap.PROT_WRITE, mmap.PROT_EXEC), strict=True)
    return sum(value for letter, value in pairs if letter in rights)
