"""Rows that lie one after the other in a file, and are read by position."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ndmem.errors import ScalingError
from ndmem.scaling.positioned_file import PositionedFile
from ndmem.units import format_nbytes

from .rows import check_rows, reading


@dataclass(frozen=True, slots=True)
class FileRows:
    """Rows of a C-ordered array in a file."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    kind: str
    name: str
    file: PositionedFile
    offset: int
    storage_rows: int = 1
    read_factor: float = 1.0

    @property
    def row_nbytes(self) -> int:
        """Bytes of one row."""
        return math.prod(self.shape[1:]) * self.dtype.itemsize

    @property
    def storage_shape(self) -> tuple[int, ...]:
        """One on each axis: there are no chunks."""
        return (1,) * len(self.shape)

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return rows in a new array; no page of the file becomes resident memory of the process."""
        check_rows(self.name, self.shape[0], start, stop)
        block = np.empty((stop - start, *self.shape[1:]), self.dtype)
        with reading(self.name, start, stop):
            found = self.file.read_into(block, self.offset + start * self.row_nbytes)
            if found < block.nbytes:
                raise self._short(start * self.row_nbytes + found)
        return block

    def check_file(self) -> None:
        """Refuse a file that is shorter than the array."""
        found, needed = self.file.nbytes - self.offset, self.row_nbytes * self.shape[0]
        if found < needed:
            self.file.close()
            raise self._short(found)

    def _short(self, found: int) -> ScalingError:
        rows = self.shape[0]
        return short_file(self.name, rows, found // self.row_nbytes, found, self.row_nbytes * rows)

    def close(self) -> None:
        """Close the file."""
        self.file.close()


def short_file(name: str, rows: int, whole: int, found: int, needed: int) -> ScalingError:
    """Describe a file that has fewer bytes than its array, and the rows that it has."""
    found = max(0, found)
    return ScalingError(
        f"{name} is truncated: it has {max(0, whole)} whole rows of {rows}, {found} bytes of {needed} "
        f"({format_nbytes(needed - found)} are missing); copy or write it again"
    )
