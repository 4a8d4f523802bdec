"""Have zarr read and write no more chunks at a time than processors can work on."""

from __future__ import annotations

import importlib
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ndmem.platform.processors import count_processors
from ndmem.scaling.libraries import library_for
from ndmem.scaling.sources.source import Source
from ndmem.scaling.sources.zarr import ZarrRows

_SETTING = "async.concurrency"

_lock = threading.Lock()
_user: list[int | None] = []
"""The setting before the first of the runs that are under way."""
_asked: list[int] = []
"""What each of them needs."""


@contextmanager
def limit_zarr_concurrency(source: Source, out: object, *, threads: int) -> Iterator[None]:
    """Let each block have as many chunks of zarr in work as it has processors, inside the ``with`` block.

    By itself zarr has ten chunks in work for each block, whatever the number of threads, and each needs memory beside
    the block until it is decoded. How many are there at a time differs: to read a block of four chunks of 4 MB needed
    1.9 to 2.3 times its bytes with ten in work, and 1.48 times, each time, with one (zarr 3.4, local files). On two
    processors, one thread reads as fast with two in work as with ten; two threads read 12 % slower with one each.

    Files elsewhere are left alone, for each of their chunks is a wait. A lower setting of the user stays.

    Parameters
    ----------
    source : Source
        What is read.
    out : path, array-like or None
        What is written.
    threads : int
        Blocks at a time.

    Raises
    ------
    MissingError
        If `out` is a path for zarr, which is not installed.
    """
    if not _has_local_zarr(source, out):
        yield
        return
    with library_for(f"writing {out}"):
        config = importlib.import_module("zarr").config
    with _lowered(config, max(count_processors() // threads, 1)):
        yield


@contextmanager
def _lowered(config: Any, most: int) -> Iterator[None]:
    """Lower the setting inside the block; of runs that overlap the lowest counts, the last gives the user's back."""
    with _lock:
        if not _asked:
            _user.append(config.get(_SETTING))  # None is any number
        _asked.append(most)
        config.set({_SETTING: _lowest()})
    try:
        yield
    finally:
        with _lock:
            _asked.remove(most)
            config.set({_SETTING: _lowest()})
            if not _asked:
                _user.clear()


def _lowest() -> int | None:
    known = [number for number in (*_user, *_asked) if number is not None]
    return min(known, default=None)


def _has_local_zarr(source: Source, out: object) -> bool:
    """Tell whether zarr reads or writes, and only files of this machine."""
    local = [side for side in (_is_read_locally(source), _is_written_locally(out)) if side is not None]
    return bool(local) and all(local)


def _is_read_locally(source: Source) -> bool | None:
    """Tell whether zarr reads local files; ``None`` where it reads nothing."""
    if isinstance(source, ZarrRows):
        return source.folder is not None
    # What a task of Dask or a lazy array of xarray reads is unknown.
    return False if source.kind in ("dask", "xarray") else None


def _is_written_locally(out: object) -> bool | None:
    """Tell whether zarr writes local files; ``None`` where it writes nothing."""
    if isinstance(out, str | os.PathLike):
        return True if os.fsdecode(out).rstrip("/").lower().endswith(".zarr") else None
    zarr = sys.modules.get("zarr")
    if zarr is None or not isinstance(out, zarr.Array):
        return None
    return getattr(out.store, "root", None) is not None
