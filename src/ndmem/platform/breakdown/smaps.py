"""The memory map of a process: its regions, what each is, and how much of it is in RAM."""

import enum
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ndmem.errors import ProcessError

PROC: Final = Path("/proc")

# A region's line begins with lower-case hexadecimal digits, a figure's line with an upper-case letter. A file's name
# cannot begin a line, because the kernel writes line ends in names as \012.
_REGION: Final = re.compile(rb"([0-9a-f]+)-([0-9a-f]+) ([r-][w-][x-][ps]) [0-9a-f]+ ([0-9a-f]+:[0-9a-f]+) (\d+) *(.*)")
_FIGURE: Final = re.compile(rb"([A-Z]\w*): +(\d+) kB *")
_LIBRARY: Final = re.compile(rb"\.so[.\d]*( \(deleted\))?$")
_SHARED: Final = (b"/dev/shm/", b"/memfd:", b"/SYSV", b"/dev/zero", b"/[", b"[anon_shmem")


class Kind(enum.Enum):
    """Kind of a memory region."""

    HEAP = "heap"
    STACK = "stack"
    LIBRARY = "library"
    MAPPED = "mapped data"
    SHARED = "shared memory"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Region:
    """One line of ``/proc/PID/maps``.

    Attributes
    ----------
    start, end : int
        First address, and the one past the last.
    permissions : str
        As ``"rw-p"``.
    kind : Kind
        Its kind.
    resident : int
        Bytes of it in RAM.
    swapped : int
        Bytes of it in swap.
    """

    start: int
    end: int
    permissions: str
    kind: Kind
    resident: int
    swapped: int


def read_regions(pid: int | str, *, proc: Path = PROC) -> tuple[Region, ...]:
    """Read ``/proc/PID/smaps``.

    Parameters
    ----------
    pid : int or str
        The process, or ``"self"``.
    proc : Path
        Where ``/proc`` is.

    Returns
    -------
    tuple of Region
        By address.

    Raises
    ------
    ProcessError
        If the text is not the kernel's, or is cut.
    OSError
        If the process does not exist, or this process may not read it.
    """
    return parse_regions((proc / str(pid) / "smaps").read_bytes())


def parse_regions(text: bytes) -> tuple[Region, ...]:
    """Parse the text of ``/proc/PID/smaps``; see `read_regions`."""
    heads: list[re.Match[bytes]] = []
    figures: list[dict[bytes, int]] = []
    for line in text.split(b"\n"):
        if head := _REGION.fullmatch(line):
            heads.append(head)
            figures.append({})
        elif figures and (figure := _FIGURE.fullmatch(line)):
            figures[-1][figure[1]] = int(figure[2]) * 1024
    # A mapped file is a library if any part of it can be executed: its tables and its data are regions of their own.
    executed = {(head[4], head[5]) for head in heads if head[3][2:3] == b"x" and head[5] != b"0"}
    regions = []
    for head, found in zip(heads, figures, strict=True):
        start, end = int(head[1], 16), int(head[2], 16)
        if not (start < end and 0 <= found.get(b"Rss", -1) <= end - start):
            raise ProcessError(f"the memory map is cut or damaged in the region at {start:#x}; try again")
        kind = _kind(head[6], (head[4], head[5]) in executed)
        regions.append(Region(start, end, head[3].decode(), kind, found[b"Rss"], found.get(b"Swap", 0)))
    return tuple(regions)


def _kind(name: bytes, executed: bool) -> Kind:
    if name.startswith(_SHARED):
        return Kind.SHARED
    if name.startswith(b"/"):
        return Kind.LIBRARY if executed or _LIBRARY.search(name) else Kind.MAPPED
    if not name or name.startswith(b"[anon:"):
        return Kind.ANONYMOUS
    if name == b"[heap]":
        return Kind.HEAP
    # Other names in brackets are code and data that the kernel maps into every process: [vdso], [vvar].
    return Kind.STACK if name.startswith(b"[stack") else Kind.LIBRARY
