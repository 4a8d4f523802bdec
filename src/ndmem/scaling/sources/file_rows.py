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
    """Rows of an array in a file, which is stored row by row or, in Fortran's order, column by column."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    kind: str
    name: str
    file: PositionedFile
    offset: int
    storage_rows: int = 1
    read_factor: float = 1.0
    by_columns: bool = False

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
        block = np.empty((stop - start, *self.shape[1:]), self.dtype, order="F" if self.by_columns else "C")
        with reading(self.name, start, stop):
            if not self.by_columns:
                self._fill(block, start * self.row_nbytes)
                return block
            column_nbytes = self.shape[0] * self.dtype.itemsize
            columns = block.reshape(len(block), math.prod(self.shape[1:]), order="F").T  # a view
            for number, column in enumerate(columns):
                self._fill(column, number * column_nbytes + start * self.dtype.itemsize)
        return block

    def _fill(self, part: npt.NDArray[Any], position: int) -> None:
        found = self.file.read_into(part, self.offset + position)
        if found < part.nbytes:
            raise self._short(position + found)

    def check_file(self) -> None:
        """Refuse a file that is shorter than the array."""
        found, needed = self.file.nbytes - self.offset, self.row_nbytes * self.shape[0]
        if found < needed:
            self.file.close()
            raise self._short(found)

    def _short(self, found: int) -> ScalingError:
        rows, needed = self.shape[0], self.row_nbytes * self.shape[0]
        whole = rows - (needed - found) // self.dtype.itemsize if self.by_columns else found // self.row_nbytes
        return short_file(self.name, rows, whole, found, needed)

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
