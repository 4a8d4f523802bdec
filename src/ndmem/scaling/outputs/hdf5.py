"""Datasets of HDF5 files. h5py has one lock for all files: threads write one after the other."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ndmem.errors import ScalingError

from .blocks import check_block, writing


@dataclass(frozen=True, slots=True)
class DatasetOutput:
    """Rows of a dataset."""

    target: Any
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    name: str
    storage_rows: int
    kind: str = "hdf5"
    held_nbytes: int = 0

    def write(self, start: int, block: npt.NDArray[Any]) -> None:
        """Write a block; rows that are not whole chunks are correct too, but slower."""
        check_block(self.name, self.shape, self.dtype, start, block)
        with writing(self.name, f"rows {start}:{start + len(block)}", block.nbytes):
            if block.size:
                self.target[start : start + len(block)] = block

    def flush(self) -> None:
        """Hand the rows to the system."""
        with writing(self.name, "the last rows", 0):
            self.target.file.flush()

    def close(self) -> None:
        """Flush; the file stays the caller's."""
        self.flush()


def open_value(dataset: Any) -> DatasetOutput:
    """Open a dataset."""
    name = f"{dataset.file.filename}::{dataset.name}"
    if dataset.file.mode == "r":
        raise ScalingError(f"{name} is open for reading only; open its file with mode 'r+'")
    rows = dataset.chunks[0] if dataset.chunks else 1
    return DatasetOutput(dataset, tuple(dataset.shape), dataset.dtype, name, rows)
