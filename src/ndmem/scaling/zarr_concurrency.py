"""Have zarr read and write no more chunks at a time than processors can work on."""

from __future__ import annotations

import importlib
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from ndmem.platform.processors import count_processors
from ndmem.scaling.libraries import library_for
from ndmem.scaling.sources.source import Source
from ndmem.scaling.sources.zarr import ZarrRows

_SETTING = "async.concurrency"
_WORKERS = "codec_pipeline.max_workers"
_PIPELINE = "codec_pipeline.path"
_BATCHED = "zarr.core.codec_pipeline.BatchedCodecPipeline"
_FUSED = "zarr.core.codec_pipeline.FusedCodecPipeline"
"""Works on the chunks of a block in one thread, so that no chunk waits for another thread to run; since zarr 3.4, where
one has to ask for it."""

_THREAD_NAMES = ("asyncio_", "zarr_pool")
"""How the names of zarr's threads begin: those of asyncio's loops, and its own where `threading.max_workers` is set."""

_lock = threading.Lock()
_user: list[int | None] = []
"""The setting before the first of the runs that are under way."""
_user_pipeline: dict[str, Any] = {}
"""The settings of the pipeline before it, where it was changed."""
_asked: list[int] = []
"""What each of them needs."""


@contextmanager
def limit_zarr_concurrency(source: Source, out: object, *, threads: int) -> Iterator[Source]:
    """Let each block have as many chunks of zarr in work as it has processors, inside the ``with`` block.

    By itself zarr has ten chunks in work for each block, whatever the number of threads, and each needs memory beside
    the block until it is decoded. How many are there at a time differs: to read a block of four chunks of 4 MB needed
    1.9 to 2.3 times its bytes with ten in work, and 1.48 times, each time, with one (zarr 3.4, local files). On two
    processors, one thread reads as fast with two in work as with ten; two threads read 12 % slower with one each.

    Where a block has one chunk in work, zarr's pipeline that works on all its chunks in one thread is used, if there is
    one: without it `map_blocks` took 1.2 to 1.6 times as long as plain Dask, and with it 1.02 to 1.15 times (three
    functions, two threads on two processors, zarr 3.4).

    Files elsewhere are left alone, for each of their chunks is a wait. A lower setting and another pipeline of the user
    stay.

    Parameters
    ----------
    source : Source
        What is read.
    out : path, array-like or None
        What is written.
    threads : int
        Blocks at a time.

    Yields
    ------
    Source
        The same source, read with these settings: an array of zarr has the pipeline with which it was opened.

    Raises
    ------
    MissingError
        If `out` is a path for zarr, which is not installed.
    """
    if not _has_local_zarr(source, out):
        yield source
        return
    with library_for(f"writing {out}"):
        config = importlib.import_module("zarr").config
    with _lowered(config, max(count_processors() // threads, 1)):
        yield _open_again(source) if isinstance(source, ZarrRows) and config.get(_PIPELINE) == _FUSED else source


def count_zarr_threads() -> int:
    """Return how many threads zarr has for its work on chunks: those it has once needed stay, and take turns.

    zarr has them from its event loop, or makes them itself where the user has set how many. Those of another event loop
    of asyncio count too, for they have the same names; those of a loop of uvloop have other names and do not.
    """
    return sum(thread.name.startswith(_THREAD_NAMES) for thread in threading.enumerate())


def _open_again(source: ZarrRows) -> ZarrRows:
    """Return the source with an array that has the pipeline of the settings, which reads one chunk after the other."""
    inner = source.array.async_array
    array = type(source.array)(type(inner)(inner.metadata, inner.store_path, inner.config))
    return replace(source, array=array, one_at_a_time=True)


@contextmanager
def _lowered(config: Any, most: int) -> Iterator[None]:
    """Lower the setting inside the block; of runs that overlap the lowest counts, the last gives the user's back."""
    with _lock:
        if not _asked:
            _user.append(config.get(_SETTING))  # None is any number
            if _has_fused_pipeline() and config.get(_PIPELINE) == _BATCHED:
                _user_pipeline.update({name: config.get(name) for name in (_PIPELINE, _WORKERS)})
        _asked.append(most)
        _apply(config)
    try:
        yield
    finally:
        with _lock:
            _asked.remove(most)
            _apply(config)
            if not _asked:
                _user.clear()
                _user_pipeline.clear()


def _has_fused_pipeline() -> bool:
    return hasattr(importlib.import_module("zarr.core.codec_pipeline"), "FusedCodecPipeline")


def _apply(config: Any) -> None:
    """Set what the runs that are under way need, or what was there before them."""
    settings: dict[str, Any] = {_SETTING: _lowest()}
    if _user_pipeline:
        # With more workers than one it would leave threads behind.
        settings |= {_PIPELINE: _FUSED, _WORKERS: 1} if min(_asked, default=None) == 1 else _user_pipeline
    config.set(settings)


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
