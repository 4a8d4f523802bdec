"""Arrays in memory, and maps of files, which are read from the file where that is possible."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.array_utils import byte_bounds

from ndmem.errors import ScalingError
from ndmem.scaling.mapped_place import FilePlace, find_place
from ndmem.scaling.positioned_file import PositionedFile

from .file_rows import FileRows, short_file
from .rows import check_array, check_rows
from .source import Source


@dataclass(frozen=True, slots=True)
class ArrayRows:
    """An array in memory: a block is a view of it."""

    array: npt.NDArray[Any]
    name: str
    kind: str = "array"
    storage_rows: int = 1
    read_factor: float = 1.0

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        return self.array.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the elements."""
        return self.array.dtype

    @property
    def storage_shape(self) -> tuple[int, ...]:
        """One on each axis: there are no chunks."""
        return (1,) * len(self.shape)

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return a view of rows."""
        check_rows(self.name, len(self.array), start, stop)
        return self.array[start:stop]

    def close(self) -> None:
        """Do nothing: the array is the caller's."""


@dataclass(frozen=True, slots=True)
class MappedRows(ArrayRows):
    """A map of a file that cannot be read by position: rows are copied out of the mapping.

    The pages of the file that it touches become resident; the kernel drops them when it needs memory.
    """

    kind: str = "memmap"
    place: FilePlace | None = None

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return a copy of rows."""
        check_rows(self.name, len(self.array), start, stop)
        self.check_file()
        return np.array(self.array[start:stop], order="C", subok=False)

    def check_file(self) -> None:
        """Refuse a file that has become shorter: the kernel would end the process where the data are missing."""
        if self.place is None:
            return
        try:
            nbytes = Path(self.place.path).stat().st_size
        except OSError:
            return  # a deleted file stays readable through its mapping
        if nbytes < self.place.stop:
            found = nbytes - self.place.start
            low, high = byte_bounds(self.array[:1])
            stride = self.array.strides[0]
            whole = (found - (high - low)) // stride + 1 if stride > 0 else 0
            raise short_file(self.name, len(self.array), whole, found, self.place.stop - self.place.start)


def open_array(value: npt.NDArray[Any]) -> Source:
    """Open an array in memory or a map of a file."""
    name = f"the array of shape {value.shape}"
    if isinstance(value, np.ma.MaskedArray):
        raise ScalingError("cannot read a masked array in blocks; pass its filled(), or its data and mask one by one")
    check_array(name, value.shape, value.dtype)
    array = np.asarray(value)
    mapped = _map_below(value)
    if mapped is None:
        return ArrayRows(array, name)
    name = str(mapped.filename or "the memory map")
    place = find_place(array, mapped.filename) if mapped.filename else None
    if place is None or not array.flags.c_contiguous:
        rows = MappedRows(array, name, place=place)
        rows.check_file()
        return rows
    found = FileRows(array.shape, array.dtype, "memmap", name, PositionedFile(place.path), place.start)
    found.check_file()
    return found


def _map_below(array: npt.NDArray[Any]) -> np.memmap[Any, Any] | None:
    """Return the map of a file that an array is, or views."""
    found: Any = array
    while isinstance(found, np.ndarray):
        # The result of an operation on a map has its type, but no file.
        if isinstance(found, np.memmap) and getattr(found, "_mmap", None) is not None:
            return found
        found = found.base
    return None
