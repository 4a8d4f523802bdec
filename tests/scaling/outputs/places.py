"""One maker for each kind of output, and how its values are read again without ndmem."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest


class Store:
    """An object that rows can be assigned to, and nothing else."""

    def __init__(self, shape: tuple[int, ...], dtype: Any) -> None:
        self.shape, self.dtype, self._rows = shape, dtype, np.zeros(shape, dtype)

    def __setitem__(self, place: Any, value: Any) -> None:
        self._rows[place] = value

    def values(self) -> Any:
        """Return what was assigned."""
        return self._rows


def _memmap(shape: Any, dtype: Any, folder: Path) -> Any:
    return np.memmap(folder / "a.raw", dtype, "w+", 24, shape)


def _columns(shape: Any, dtype: Any, folder: Path) -> Any:
    """A part of a map whose rows are not contiguous in the file."""
    return _memmap((*shape, 2), dtype, folder)[..., 1]


def _zarr(shape: Any, dtype: Any, folder: Path, **options: Any) -> Any:
    import zarr

    return zarr.create_array(folder / "b.zarr", shape=shape, dtype=dtype, chunks=(2, *shape[1:]), **options)


def _hdf5(shape: Any, dtype: Any, folder: Path) -> Any:
    import h5py

    return h5py.File(folder / "a.h5", "w").create_dataset("a", shape, dtype, chunks=True)


def _open_zarr(path: str) -> Any:
    import zarr

    return zarr.open(path, mode="r")[...]


Maker = Callable[[Any, Any, Path], Any]
MAKERS: dict[str, tuple[str, Maker, Callable[[Any], Any], str | None]] = {
    "None": ("array", lambda *_: None, np.asarray, None),
    "array": ("array", lambda shape, dtype, _: np.zeros(shape, dtype), np.asarray, None),
    "memmap": ("memmap", _memmap, np.asarray, None),
    "memmap, columns": ("memmap", _columns, np.asarray, None),
    "npy": ("npy", lambda _shape, _dtype, folder: folder / "a.npy", np.load, None),
    "store": ("other", lambda shape, dtype, _: Store(shape, dtype), Store.values, None),
    "zarr, path": ("zarr", lambda _shape, _dtype, folder: folder / "a.zarr", _open_zarr, "zarr"),
    "zarr": ("zarr", _zarr, lambda made: made[...], "zarr"),
    "zarr, shards": ("zarr", lambda s, d, f: _zarr(s, d, f, shards=(4, *s[1:])), lambda made: made[...], "zarr"),
    "hdf5": ("hdf5", _hdf5, lambda made: made[...], "h5py"),
}


def _case(name: str) -> Any:
    library = MAKERS[name][3]
    missing = library is not None and importlib.util.find_spec(library) is None
    return pytest.param(name, marks=[pytest.mark.skipif(missing, reason=f"no {library}")])


every_place = pytest.mark.parametrize("name", [_case(name) for name in MAKERS])
