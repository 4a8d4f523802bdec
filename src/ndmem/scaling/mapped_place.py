"""Find which bytes of a file an array maps."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt
from numpy.lib.array_utils import byte_bounds

from ndmem.platform.resident.mapped import FileMappings


@dataclass(frozen=True, slots=True)
class FilePlace:
    """Bytes `start` to `stop` of a file."""

    path: str
    start: int
    stop: int


def find_place(array: npt.NDArray[Any], filename: str | os.PathLike[str]) -> FilePlace | None:
    """Return which bytes of the file an array maps.

    ``None`` if the file has none of them: it was deleted or replaced, the mapping is private (copy-on-write), or the
    system does not list mappings.

    Notes
    -----
    The kernel's list decides, not the attributes of `numpy.memmap`: a slice of one has the offset of the whole.
    """
    low, high = byte_bounds(array)
    mapping = FileMappings().find(low)
    if mapping is None or not mapping.shared:
        return None
    try:
        same = Path(filename).stat().st_ino == mapping.inode
    except OSError:
        return None
    start = mapping.offset + low - mapping.start
    return FilePlace(os.fspath(filename), start, start + high - low) if same else None
