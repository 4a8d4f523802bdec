"""DataArrays of xarray, in memory, of Dask, or of a file that is read when asked."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .rows import check_array, check_rows, fit_shape, reading
from .source import Source, open_source


@dataclass(frozen=True, slots=True)
class DataArrayRows:
    """Rows of a DataArray; coordinates are left out."""

    variable: Any
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    name: str
    storage_shape: tuple[int, ...]
    inner: Source | None = None
    read_factor: float = 3.0
    kind: str = "xarray"

    @property
    def storage_rows(self) -> int:
        """Rows of one storage chunk."""
        return self.storage_shape[0]

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return rows in a new array; xarray keeps nothing of what it reads for them."""
        check_rows(self.name, self.shape[0], start, stop)
        if self.inner is not None:
            return self.inner.read(start, stop)
        with reading(self.name, start, stop):
            # A variable caches what it loads: this one is for these rows alone.
            rows = self.variable[start:stop].values
            return np.array(rows) if self.variable._in_memory else np.asarray(rows)

    def close(self) -> None:
        """Do nothing: the Dataset is the caller's."""


def open_value(value: Any) -> DataArrayRows:
    """Open a DataArray."""
    name = f"the DataArray {value.name!r}" if isinstance(value.name, str) else "the DataArray"
    shape = check_array(name, value.shape, value.dtype)
    variable = value.variable
    if value.chunks is not None:
        inner = open_source(value.data)
        return DataArrayRows(variable, shape, value.dtype, name, inner.storage_shape, inner, inner.read_factor)
    chunks = value.encoding.get("preferred_chunks") or {}
    lengths = [chunks.get(dim, 1) for dim in value.dims]
    unit = fit_shape([max(length) if isinstance(length, tuple) else int(length) for length in lengths], shape)
    return DataArrayRows(variable, shape, value.dtype, name, unit, None, 1.0 if variable._in_memory else 3.0)
