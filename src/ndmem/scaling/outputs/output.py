"""Open anything that can hold a result for writing in blocks of rows."""

import importlib
import os
import sys
from typing import Any, Final, Protocol, cast

import numpy as np
import numpy.typing as npt

from ndmem.errors import ScalingError
from ndmem.scaling.libraries import library_for

from .arrays import InMemory, open_array
from .blocks import check_fit


class Output(Protocol):
    """Rows that can be written in blocks, by several threads at once if their blocks are whole storage chunks."""

    @property
    def name(self) -> str:
        """What messages call it: a path, or a kind and shape."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the elements."""

    @property
    def kind(self) -> str:
        """One of ``array``, ``memmap``, ``npy``, ``zarr``, ``hdf5``, ``other``."""

    @property
    def storage_rows(self) -> int:
        """Rows of one storage chunk, of which every block but the last must be a multiple; 1 where there are none."""

    @property
    def target(self) -> Any:
        """What the user gets: the array, or the path of the file."""

    @property
    def held_nbytes(self) -> int:
        """Bytes of memory that the whole output takes, beside the blocks; 0 for a file."""

    def write(self, start: int, block: npt.NDArray[Any]) -> None:
        """Write a block from a row on."""

    def flush(self) -> None:
        """Hand all that was written to the system, so that a kill of this process loses nothing of it."""

    def close(self) -> None:
        """Flush, and close what `open_output` opened."""


_ADAPTERS: Final = (("zarr", "Array", "zarr"), ("h5py", "Dataset", "hdf5"))
_LAZY: Final = (("dask.array", "Array"), ("xarray", "DataArray"), ("xarray", "Dataset"))


def open_output(
    out: object, *, shape: tuple[int, ...], dtype: np.dtype[Any], rows: int, resume: bool = False
) -> Output:
    """Open a place for a result that is written in blocks.

    Parameters
    ----------
    out : path, array-like or None
        A path that ends in ``.npy`` or ``.zarr``; an array, `numpy.memmap`, zarr.Array, h5py.Dataset, or another
        object with a shape, a dtype and assignment to slices; or ``None`` for a new array in memory.
    shape, dtype : tuple of int, numpy.dtype
        Of the whole result.
    rows : int
        Rows of one block.
    resume : bool
        Whether a file that exists is continued. Without it, an existing path is refused.

    Raises
    ------
    ScalingError
        If it cannot hold the result: its shape, dtype, or the space on disk; or if the path exists.
    MissingError
        If the library for a path is not installed.
    """
    if out is None:
        return InMemory(np.empty(shape, dtype))
    if isinstance(out, str | os.PathLike):
        return _open_path(os.fsdecode(out), shape, dtype, rows, resume)
    for library, class_name in _LAZY:
        if _is_a(out, library, class_name):
            raise ScalingError(
                f"a {class_name} of {library} cannot be written in blocks; give a path, a NumPy array or a zarr array"
            )
    found = (getattr(out, "shape", None), getattr(out, "dtype", None))
    if not isinstance(found[0], tuple) or found[1] is None or not hasattr(type(out), "__setitem__"):
        raise ScalingError(
            f"a {type(out).__name__[:80]} cannot hold a result; give a path that ends in .npy or .zarr, an array with "
            "shape, dtype and assignment to slices, or None"
        )
    check_fit(f"the output, a {type(out).__name__[:80]},", found, (shape, dtype))
    for library, class_name, adapter in _ADAPTERS:
        if _is_a(out, library, class_name):
            return _load(adapter).open_value(out)
    return open_array(out)


def _is_a(value: object, library: str, class_name: str) -> bool:
    kind = getattr(sys.modules.get(library), class_name, None)
    return isinstance(kind, type) and isinstance(value, kind)


class _Adapter(Protocol):
    def open_value(self, value: object) -> Output: ...
    def open_path(
        self, path: str, shape: tuple[int, ...], dtype: np.dtype[Any], *, rows: int, resume: bool
    ) -> Output: ...


def _load(adapter: str) -> _Adapter:
    return cast("_Adapter", importlib.import_module(f".{adapter}", __package__))


def _open_path(path: str, shape: tuple[int, ...], dtype: np.dtype[Any], rows: int, resume: bool) -> Output:
    ending = os.path.splitext(path.rstrip("/"))[1].lower()  # noqa: PTH122 (a text that came as a text)
    if ending not in (".npy", ".zarr") or "://" in path:
        raise ScalingError(f"{path} does not end in .npy or .zarr; choose one of these, or give an open array")
    if dtype.hasobject:
        raise ScalingError(f"a result of dtype {dtype} has Python objects, which {ending} files cannot hold in blocks")
    if not resume and os.path.lexists(path):
        raise ScalingError(f"{path} exists; choose another path, delete it, or continue it with resume=True")
    with library_for(f"writing {path}"):
        return _load(ending[1:]).open_path(path, shape, dtype, rows=rows, resume=resume)
