"""Rows that are written one after the other into a file, by position and without a mapping."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ndmem.scaling.positioned_file import PositionedFile

from .blocks import check_block, parts_of, writing


@dataclass(frozen=True, slots=True)
class FileOutput:
    """Rows of a C-ordered array in a file."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    kind: str
    name: str
    file: PositionedFile
    offset: int
    target: Any
    storage_rows: int = 1
    held_nbytes: int = 0

    def write(self, start: int, block: npt.NDArray[Any]) -> None:
        """Write a block at the position of its rows."""
        check_block(self.name, self.shape, self.dtype, start, block)
        row_nbytes = math.prod(self.shape[1:]) * self.dtype.itemsize
        with writing(self.name, f"rows {start}:{start + len(block)}", len(block) * row_nbytes):
            for first, part in parts_of(block, self.dtype):
                self.file.write_from(part, self.offset + (start + first) * row_nbytes)

    def flush(self) -> None:
        """Do nothing: the system has all rows, and waiting for the disk would double the time of fast functions."""

    def close(self) -> None:
        """Close the file; the system writes its pages to the disk, also after a kill of this process."""
        self.file.close()
