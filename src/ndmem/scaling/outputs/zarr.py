"""Arrays of zarr. A chunk is written by one thread alone, so blocks are whole chunks."""

import os
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from ndmem.errors import ScalingError

from .blocks import check_aligned, check_block, check_fit, writing
from .lent_array import lend_array
from .zarr_chunks import chunk_shape


@dataclass(frozen=True, slots=True)
class ZarrOutput:
    """Rows of a zarr array."""

    array: Any
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    name: str
    storage_rows: int
    target: Any
    kind: str = "zarr"
    held_nbytes: int = 0

    def write(self, start: int, block: npt.NDArray[Any]) -> None:
        """Write a block of whole chunks."""
        check_block(self.name, self.shape, self.dtype, start, block)
        stop = start + len(block)
        check_aligned(self.name, self.storage_rows, self.shape[0], start, stop)
        with writing(self.name, f"rows {start}:{stop}", block.nbytes):
            if getattr(self.array.store, "root", None) is None:  # one in memory may keep the block itself
                self._put(start, block)
            else:
                lend_array(block, partial(self._put, start))

    def _put(self, start: int, block: npt.NDArray[Any]) -> None:
        self.array[start : start + len(block)] = block

    def flush(self) -> None:
        """Do nothing: each chunk is a file that is complete when `write` returns."""

    def close(self) -> None:
        """Do nothing: zarr opens files for each write."""


def open_value(array: Any, name: str | None = None, target: Any = None) -> ZarrOutput:
    """Open an array of zarr."""
    name = name or f"the zarr array {array.name or ''}".rstrip()
    if array.read_only:
        raise ScalingError(f"{name} is read-only; open it with mode='r+'")
    rows = (getattr(array, "shards", None) or array.chunks)[0]
    return ZarrOutput(array, tuple(array.shape), array.dtype, name, rows, array if target is None else target)


def open_path(path: str, shape: tuple[int, ...], dtype: np.dtype[Any], *, rows: int, resume: bool) -> ZarrOutput:
    """Create an array of zarr, or open one that matches the result."""
    import zarr

    if not (resume and os.path.lexists(path)):
        with writing(path, "the metadata", 0):
            chunks = chunk_shape(shape, dtype.itemsize, rows)
            return open_value(zarr.create_array(path, shape=shape, dtype=dtype, chunks=chunks), path, path)
    with writing(path, "the metadata", 0):
        found = zarr.open(path, mode="r+")
    if not isinstance(found, zarr.Array):
        raise ScalingError(f"{path} is a group of zarr arrays, not the result; choose another path")
    check_fit(path, (found.shape, found.dtype), (shape, dtype))
    return open_value(found, path, path)
