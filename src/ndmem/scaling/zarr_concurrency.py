"""Have zarr read and write no more chunks at a time than processors can work on."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager

from ndmem.platform.processors import count_processors
from ndmem.scaling.sources.source import Source


@contextmanager
def few_chunks_at_once(source: Source, out: object, *, threads: int) -> Iterator[None]:
    """Limit the chunks of zarr that one block has in work, inside the ``with`` block.

    zarr 3 has 10 in work, each with its decoded bytes and those of its file, so that a block of one chunk needs three
    times its size to be read, and one of twenty chunks twice. From local files ten are read no faster than as many as
    there are processors (zarr 3.4). From other places they are, so nothing is changed for those.

    Parameters
    ----------
    source : Source
        What is read.
    out : path, array-like or None
        What is written.
    threads : int
        Blocks at a time.
    """
    if not _is_zarr(source, out) or not _is_local(source):
        yield
        return
    config = importlib.import_module("zarr").config
    most = max(count_processors() // threads, 1)
    with config.set({"async.concurrency": min(config.get("async.concurrency"), most)}):
        yield


def _is_zarr(source: Source, out: object) -> bool:
    if source.kind == "zarr":
        return True
    if isinstance(out, str | os.PathLike):
        return os.fsdecode(out).rstrip("/").lower().endswith(".zarr")
    return type(out).__module__.partition(".")[0] == "zarr"


def _is_local(source: Source) -> bool:
    """Tell whether rows come from this machine; what a task of Dask or a lazy array of xarray reads is unknown."""
    return source.kind not in ("dask", "xarray") and (source.kind != "zarr" or getattr(source, "folder", None) is not None)
