"""Arrays of Dask: the thread that asks for rows computes them."""

import uuid
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ndmem.errors import ScalingError

from .rows import check_array, check_rows, reading


class _Target:
    """An array that Dask stores chunks in, as they are computed: no chunk is kept, and none is copied twice."""

    def __init__(self, array: npt.NDArray[Any]) -> None:
        self.array = array
        self.shape, self.dtype = array.shape, array.dtype

    def __setitem__(self, place: Any, chunk: Any) -> None:
        self.array[place] = chunk

    def __dask_tokenize__(self) -> str:
        # Otherwise Dask reads the whole array, to give it a name.
        return uuid.uuid4().hex


@dataclass(frozen=True, slots=True)
class DaskRows:
    """Rows of a Dask array."""

    array: Any
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    name: str
    storage_shape: tuple[int, ...]
    read_factor: float = 2.0
    kind: str = "dask"

    @property
    def storage_rows(self) -> int:
        """Rows of one storage chunk."""
        return self.storage_shape[0]

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Compute rows into a new array, in the calling thread."""
        import dask.array

        check_rows(self.name, self.shape[0], start, stop)
        block = np.empty((stop - start, *self.shape[1:]), self.dtype)
        target: Any = _Target(block)
        with reading(self.name, start, stop):
            if block.size:
                dask.array.store(self.array[start:stop], target, lock=False, scheduler="synchronous")
        return block

    def close(self) -> None:
        """Do nothing: the array is the caller's."""


def open_value(array: Any) -> DaskRows:
    """Open an array of Dask."""
    name = f"the Dask array {array.name[:60]}"
    shape = check_array(name, array.shape, array.dtype)
    if type(array._meta) is not np.ndarray:
        kind = type(array._meta).__name__
        raise ScalingError(f"{name} has chunks of type {kind}; convert them with map_blocks(np.asarray)")
    # Chunks of different lengths have no common boundary: the longest is what a block may need beside its own rows.
    return DaskRows(array, shape, array.dtype, name, tuple(map(max, array.chunks)))
