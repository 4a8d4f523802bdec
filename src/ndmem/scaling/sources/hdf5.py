"""Datasets of HDF5 files. h5py has one lock for all files: threads read one after the other."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ndmem.errors import ScalingError

from .rows import check_array, check_rows, fit_shape, reading


@dataclass(frozen=True, slots=True)
class DatasetRows:
    """Rows of a dataset; `file` is closed with them if it was opened for them."""

    dataset: Any
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    name: str
    storage_shape: tuple[int, ...]
    file: Any = None
    read_factor: float = 1.0
    kind: str = "hdf5"

    @property
    def storage_rows(self) -> int:
        """Rows of one storage chunk."""
        return self.storage_shape[0]

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return rows in a new array."""
        check_rows(self.name, self.shape[0], start, stop)
        block = np.empty((stop - start, *self.shape[1:]), self.dtype)
        with reading(self.name, start, stop):
            if block.size:
                self.dataset.read_direct(block, np.s_[start:stop])
        return block

    def close(self) -> None:
        """Close the file, if it was opened by its path."""
        if self.file is not None:
            self.file.close()


def open_value(dataset: Any, file: Any = None) -> DatasetRows:
    """Open a dataset."""
    if not dataset:
        raise ScalingError("the HDF5 dataset is closed; open its file again")
    name = f"{dataset.file.filename}::{dataset.name}"
    shape = check_array(name, dataset.shape, dataset.dtype)
    unit = fit_shape(dataset.chunks or (1,) * len(shape), shape)
    # One chunk at a time is decompressed: a second block, if the block is one chunk.
    factor = 2.0 if dataset.compression else 1.0
    return DatasetRows(dataset, shape, dataset.dtype, name, unit, file, factor)


def open_path(path: str) -> DatasetRows:
    """Open ``file.h5::/dataset``."""
    import h5py

    filename, _, name = path.partition("::")
    file = h5py.File(filename, "r")
    try:
        found = file.get(name) if name else None
        if not isinstance(found, h5py.Dataset):
            raise ScalingError(f"{path} does not name a dataset; choose one of: {_list_datasets(file, filename)}")
        return open_value(found, file)
    except BaseException:
        file.close()
        raise


def _list_datasets(file: Any, filename: str) -> str:
    import h5py

    names: list[str] = []
    file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
    return ", ".join(f"{filename}::/{name}" for name in names[:10]) or "(the file has none)"
