"""HDF5: datasets of a file and its groups; links to other files are not followed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .stored import Stored


def read(path: Path) -> Iterator[Stored]:
    """Yield the datasets of a file."""
    import h5py

    found: list[Stored] = []

    def visit(name: str, item: Any) -> None:
        if not isinstance(item, h5py.Dataset):
            return
        shape = item.shape or ()
        loaded: int | None = int(item.size or 0) * item.dtype.itemsize
        note = ""
        if item.dtype.hasobject:
            loaded, note = None, "values of varying length: their size is unknown until they are loaded"
        found.append(Stored(name, shape, str(item.dtype), item.id.get_storage_size(), loaded, note))

    with h5py.File(path, "r") as file:
        file.visititems(visit)
    yield from found
