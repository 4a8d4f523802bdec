"""Open anything that holds an array for reading in blocks of rows."""

import importlib
import os
import sys
from typing import Any, Final, Protocol, cast

import numpy as np
import numpy.typing as npt

from ndmem.errors import ScalingError
from ndmem.scaling.libraries import library_for


class Source(Protocol):
    """Rows that can be read in blocks, also from several threads at once."""

    @property
    def name(self) -> str:
        """What messages call it: a path, or a kind and shape."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis; rows are along the first one."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the elements; never Python objects."""

    @property
    def kind(self) -> str:
        """One of ``array``, ``memmap``, ``npy``, ``zarr``, ``hdf5``, ``dask``, ``xarray``."""

    @property
    def storage_rows(self) -> int:
        """Rows of one storage chunk, which is read as a whole; 1 where there are none."""

    @property
    def storage_shape(self) -> tuple[int, ...]:
        """Lengths of one storage chunk; 1 on each axis where there are none."""

    @property
    def read_factor(self) -> float:
        """The most bytes that `read` needs over the bytes that it returns: buffers of chunks, compressed or not."""

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return rows ``start:stop``: a new array of the caller's own, except that ``array`` gives a view."""

    def close(self) -> None:
        """Close what `open_source` opened; an object that was passed to it stays open."""


# Library, class and adapter. A library that the program has not imported cannot have made the value.
_ADAPTERS: Final = (
    ("dask.array", "Array", "dask"),
    ("xarray", "DataArray", "xarray"),
    ("zarr", "Array", "zarr"),
    ("h5py", "Dataset", "hdf5"),
)
_ADVICE: Final = (
    ("xarray", "Dataset", "choose one variable of it, such as ds['name']"),
    ("zarr", "Group", "choose one array of it, such as group['name']"),
    ("h5py", "Group", "choose one dataset of it, such as file['name']"),
    ("pandas", "DataFrame", "pass its to_numpy()"),
    ("pandas", "Series", "pass its to_numpy()"),
    ("dask.dataframe", "DataFrame", "pass its to_dask_array(lengths=True)"),
)


def open_source(value: object) -> Source:
    """Open an array, or a file of one, for reading in blocks of rows.

    Parameters
    ----------
    value : array, np.memmap, zarr.Array, h5py.Dataset, dask.array.Array, xarray.DataArray, str or path
        An array of any of these kinds; or the path of a ``.npy`` file, of a zarr folder, or of a dataset in an HDF5
        file: ``"data.h5::/group/name"``.

    Returns
    -------
    Source
        To be closed after use.

    Raises
    ------
    ScalingError
        If it cannot be split into blocks of rows, or is damaged; the message says what to pass instead.
    MissingError
        If the library for a file is not installed.
    OSError
        If a file cannot be read.
    """
    if isinstance(value, np.ndarray):
        return _load("memory").open_array(value)
    for library, class_name, adapter in _ADAPTERS:
        if _is_a(value, library, class_name):
            return _load(adapter).open_value(value)
    if isinstance(value, str | os.PathLike):
        with library_for(f"reading {os.fsdecode(value)}"):
            return _open_path(os.fsdecode(value))
    advice = [advice for library, class_name, advice in _ADVICE if _is_a(value, library, class_name)]
    kind = type(value).__name__[:80]
    raise ScalingError(f"cannot read a {kind} in blocks; " + (advice or ["pass an array, or the path of one"])[0])


def _is_a(value: object, library: str, class_name: str) -> bool:
    kind = getattr(sys.modules.get(library), class_name, None)
    return isinstance(kind, type) and isinstance(value, kind)


class _Adapter(Protocol):
    def open_array(self, value: object) -> Source: ...
    def open_value(self, value: object) -> Source: ...
    def open_path(self, path: str) -> Source: ...


def _load(adapter: str) -> _Adapter:
    return cast("_Adapter", importlib.import_module(f".{adapter}", __package__))


def _open_path(path: str) -> Source:
    if "://" in path:
        raise ScalingError(f"{path} is an address; open it with its library, such as zarr.open, and pass the array")
    if "::" in path or _starts_with(path, b"\x89HDF\r\n\x1a\n"):
        return _load("hdf5").open_path(path)
    if _starts_with(path, b"\x93NUMPY"):
        return _load("npy").open_path(path)
    if os.path.isdir(path):  # noqa: PTH112 (a text that came as a text)
        return _load("zarr").open_path(path)
    raise ScalingError(
        f"{path} is not a .npy file, a zarr folder or an HDF5 file; pass one of these, or an array of its library"
    )


def _starts_with(path: str, magic: bytes) -> bool:
    if os.path.isdir(path):  # noqa: PTH112
        return False
    with open(path, "rb") as file:  # noqa: PTH123
        return file.read(len(magic)) == magic
