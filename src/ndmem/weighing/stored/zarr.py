"""zarr: a folder with metadata; chunks are only counted."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .stored import Stored


def read(path: Path) -> Iterator[Stored]:
    """Yield the arrays of a folder and its groups."""
    import zarr

    node = zarr.open(str(path), mode="r")
    yield from _below(node, path, "")


def _below(node: Any, path: Path, name: str) -> Iterator[Stored]:
    if not hasattr(node, "arrays"):
        shape = tuple(map(int, node.shape))
        loaded, note = math.prod(shape) * node.dtype.itemsize, ""
        if node.dtype.hasobject:
            loaded, note = None, "values of varying length: their size is unknown until they are loaded"
        files = (file for file in path.joinpath(name).rglob("*") if file.is_file())
        yield Stored(name, shape, str(node.dtype), sum(file.stat().st_size for file in files), loaded, note)
        return
    for children in (node.arrays(), node.groups()):
        for key, child in children:
            yield from _below(child, path, f"{name}/{key}".lstrip("/"))
