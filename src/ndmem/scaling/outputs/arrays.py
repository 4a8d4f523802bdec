"""Arrays in memory, maps of files, and objects of other libraries that rows can be assigned to."""

import contextlib
import threading
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ndmem.errors import ScalingError
from ndmem.scaling.mapped_place import find_place
from ndmem.scaling.positioned_file import PositionedFile

from .blocks import check_block, writing
from .file_rows import FileOutput


@dataclass(frozen=True, slots=True)
class InMemory:
    """A new array, which the user gets."""

    target: npt.NDArray[Any]
    kind: str = "array"
    storage_rows: int = 1

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"the array of shape {self.shape}"

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        return self.target.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the elements."""
        return self.target.dtype

    @property
    def held_nbytes(self) -> int:
        """Its bytes; pages that no block was written to are not in RAM yet."""
        return self.target.nbytes

    def write(self, start: int, block: npt.NDArray[Any]) -> None:
        """Write a block."""
        check_block(self.name, self.shape, self.dtype, start, block)
        self.target[start : start + len(block)] = block

    def flush(self) -> None:
        """Do nothing: it is in memory."""

    def close(self) -> None:
        """Do nothing: it is the caller's."""


@dataclass(frozen=True, slots=True)
class Assigned:
    """An array of the user, or an object that is used like one."""

    target: Any
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    kind: str
    # An unknown library may not cope with two threads.
    guard: contextlib.AbstractContextManager[Any] = field(default_factory=contextlib.nullcontext, compare=False)
    storage_rows: int = 1
    held_nbytes: int = 0

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"the {type(self.target).__name__} of shape {self.shape}"

    def write(self, start: int, block: npt.NDArray[Any]) -> None:
        """Write a block."""
        check_block(self.name, self.shape, self.dtype, start, block)
        with self.guard, writing(self.name, f"rows {start}:{start + len(block)}", block.nbytes):
            self.target[start : start + len(block)] = block

    def flush(self) -> None:
        """Flush the object, if it can."""
        flush = getattr(self.target, "flush", None)
        if callable(flush):
            flush()

    def close(self) -> None:
        """Flush; the object stays the caller's."""
        self.flush()


def open_array(target: Any) -> Assigned | FileOutput:
    """Open an array of NumPy, a map of a file, or an object that is used like an array.

    Rows of a map are written into the file by position, where it is a shared map in C order: the map shows them at
    once, and its pages do not become resident memory of the process. Other maps are assigned to.
    """
    if not isinstance(target, np.ndarray):
        return Assigned(target, tuple(target.shape), np.dtype(target.dtype), "other", threading.Lock())
    if not target.flags.writeable:
        raise ScalingError(
            f"the output of shape {target.shape} is read-only; open or copy it so that it can be written"
        )
    if not isinstance(target, np.memmap):
        return Assigned(target, target.shape, target.dtype, "array")
    place = find_place(target, target.filename) if target.filename and target.flags.c_contiguous else None
    if place is None:
        return Assigned(target, target.shape, target.dtype, "memmap")
    file = PositionedFile(place.path, write=True)
    return FileOutput(target.shape, target.dtype, "memmap", place.path, file, place.start, target)
