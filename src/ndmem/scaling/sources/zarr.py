"""Arrays of zarr, of both formats of its files. A shard is the unit that is read, and its chunks are not."""

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ndmem.errors import ScalingError

from .rows import check_array, check_rows, fit_shape, reading


@dataclass(frozen=True, slots=True)
class ZarrRows:
    """Rows of a zarr array.

    `folder` is where its files are, `complete` that all its chunks were there, and `one_at_a_time` that the chunks of a
    block are read one after the other.
    """

    array: Any
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    name: str
    storage_shape: tuple[int, ...]
    folder: Path | None = None
    complete: bool = False
    read_factor: float = 3.0
    one_at_a_time: bool = False
    kind: str = "zarr"

    @property
    def storage_rows(self) -> int:
        """Rows of one storage chunk."""
        return self.storage_shape[0]

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return rows in a new array."""
        check_rows(self.name, self.shape[0], start, stop)
        with reading(self.name, start, stop):
            block = np.asarray(self.array[start:stop])
            # zarr takes a chunk that is missing for one that was never written, and returns the fill value.
            if self.folder is not None:
                self._check_files(self.folder, start, stop)
        return block

    def _check_files(self, folder: Path, start: int, stop: int) -> None:
        """Raise FileNotFoundError if a file that the rows were read from is gone."""
        metadata = ("zarr.json", ".zarray")
        if not any((folder / name).exists() for name in metadata):
            raise FileNotFoundError(f"the metadata in {folder} does not exist any more")
        if not self.complete or start == stop:
            return
        unit = _storage_chunks(self.array)
        first = range(start // unit[0], -(-stop // unit[0]))
        others = [range(-(-length // part)) for length, part in zip(self.shape[1:], unit[1:], strict=True)]
        for place in itertools.product(first, *others):
            key = self.array.metadata.encode_chunk_key(place)
            if not (folder / key).exists():
                raise FileNotFoundError(f"the chunk {key} does not exist any more")

    def close(self) -> None:
        """Do nothing: zarr opens files for each read."""


def open_value(array: Any, name: str | None = None) -> ZarrRows:
    """Open an array of zarr."""
    folder = getattr(array.store, "root", None)
    path = Path(folder, array.path) if folder is not None else None
    name = name or (str(path) if path else f"the zarr array {array.name or ''}".rstrip())
    shape = check_array(name, array.shape, array.dtype)
    unit = fit_shape(_storage_chunks(array), shape)
    # The result; the chunks as they are decoded and the bytes of their files; and both once more from the read before,
    # since a thread that decoded a chunk has it until it runs again. Without these, a pass over a few chunks at a time
    # beside three busy processes exceeded its prediction in 7 of 28 runs, and with the decoded ones alone in 6 of 26
    # (zarr 3.4).
    factor = 5.0 if getattr(array, "compressors", None) or array.shards else 3.0
    complete = path is not None and array.nchunks_initialized == array.nchunks
    return ZarrRows(array, shape, array.dtype, name, unit, path, complete, factor)


def _storage_chunks(array: Any) -> tuple[int, ...]:
    """Return the shape of what is one file: a shard, or a chunk where there are none."""
    return tuple(array.shards or array.chunks)


def open_path(path: str) -> ZarrRows:
    """Open a folder of zarr."""
    import zarr

    try:
        found = zarr.open(path, mode="r")
    except FileNotFoundError as error:
        raise ScalingError(f"{path} is a folder without an array of zarr; check the path") from error
    if not isinstance(found, zarr.Array):
        names = ", ".join(f"{path}/{name}" for name in list(found.array_keys())[:10]) or "(it has none)"
        raise ScalingError(f"{path} is a group of zarr arrays; choose one of: {names}")
    return open_value(found, path)
