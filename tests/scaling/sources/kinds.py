"""One maker for each kind of source, which turns an array into something that holds the same values."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest


def _save(array: Any, folder: Path, name: str = "a.npy") -> Path:
    np.save(folder / name, array)
    return folder / name


def _raw_map(array: Any, folder: Path) -> Any:
    """A map of the middle of a file, whose rows begin at no page boundary."""
    path = folder / "a.raw"
    path.write_bytes(b"before!" + array.tobytes() + b"after")
    return np.memmap(path, array.dtype, "r", 7, array.shape)


def _slice_of_map(array: Any, folder: Path) -> Any:
    """A part of a map of twice the rows."""
    path = _save(np.concatenate([array[::-1], array]), folder)
    return np.load(path, mmap_mode="r")[len(array) :]


def _zarr(array: Any, folder: Path, **options: Any) -> Any:
    import zarr

    chunks = tuple(max(1, -(-length // 3)) for length in array.shape)
    made = zarr.create_array(folder / "a.zarr", shape=array.shape, dtype=array.dtype, chunks=chunks, **options)
    made[...] = array
    return made


def _sharded(array: Any, folder: Path) -> Any:
    chunks = tuple(max(1, -(-length // 3)) for length in array.shape)
    return _zarr(array, folder, shards=tuple(2 * length for length in chunks))


def _hdf5(array: Any, folder: Path) -> str:
    import h5py

    with h5py.File(folder / "a.h5", "w") as file:
        file.create_dataset("group/a", data=array, chunks=tuple(max(1, length // 2) for length in array.shape))
    return f"{folder}/a.h5::/group/a"


def _dask(array: Any, folder: Path) -> Any:
    import dask.array

    del folder
    # Of one chunk, rows would be a view of the array itself if the adapter did not copy them.
    return dask.array.from_array(array, chunks=(-1 if len(array) % 2 else 2, *array.shape[1:]))


def _data_array(array: Any, folder: Path) -> Any:
    import xarray

    del folder
    return xarray.DataArray(array, name="a")


def _lazy_data_array(array: Any, folder: Path) -> Any:
    import xarray

    _data_array(array, folder).to_dataset().to_netcdf(folder / "a.nc", engine="h5netcdf")
    return xarray.open_dataset(folder / "a.nc", engine="h5netcdf")["a"]


Maker = Callable[[Any, Path], Any]
MAKERS: dict[str, tuple[str, Maker, str | None]] = {
    "array": ("array", lambda array, _: array, None),
    "reversed": ("array", lambda array, _: array[::-1].copy()[::-1], None),
    "npy": ("npy", lambda array, folder: _save(array, folder), None),
    "npy, as text": ("npy", lambda array, folder: str(_save(array, folder)), None),
    "npy, column-major": ("npy", lambda array, folder: _save(np.asfortranarray(array), folder), None),
    "memmap": ("memmap", lambda array, folder: np.load(_save(array, folder), mmap_mode="r"), None),
    "memmap, copy-on-write": ("memmap", lambda array, folder: np.load(_save(array, folder), mmap_mode="c"), None),
    "memmap, raw": ("memmap", _raw_map, None),
    "memmap, slice": ("memmap", _slice_of_map, None),
    "memmap, as array": ("memmap", lambda array, folder: np.asarray(_slice_of_map(array, folder)), None),
    "zarr": ("zarr", _zarr, "zarr"),
    "zarr, format 2": ("zarr", lambda array, folder: _zarr(array, folder, zarr_format=2), "zarr"),
    "zarr, shards": ("zarr", _sharded, "zarr"),
    "zarr, path": ("zarr", lambda array, folder: _zarr(array, folder) and folder / "a.zarr", "zarr"),
    "hdf5": ("hdf5", _hdf5, "h5py"),
    "dask": ("dask", _dask, "dask"),
    "xarray": ("xarray", _data_array, "xarray"),
    "xarray, of Dask": ("xarray", lambda array, folder: _data_array(_dask(array, folder), folder), "xarray"),
}


def _case(name: str) -> Any:
    library = MAKERS[name][2]
    missing = library is not None and importlib.util.find_spec(library) is None
    return pytest.param(name, marks=[pytest.mark.skipif(missing, reason=f"no {library}")])


every_kind = pytest.mark.parametrize("name", [_case(name) for name in MAKERS])
