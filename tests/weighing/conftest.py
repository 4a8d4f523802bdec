"""Libraries that weighing looks into, imported before any test: some change the interpreter for good."""

import asyncio
import contextlib
import gc
import importlib
import sys
from collections.abc import Iterator
from typing import Any

import pytest

# toolz, which dask needs, puts an import hook into sys.meta_path and never takes it out.
for _name in ("pandas", "xarray", "scipy.sparse", "pyarrow", "dask.array", "zarr", "h5py"):
    with contextlib.suppress(ImportError):
        importlib.import_module(_name)


@pytest.fixture(autouse=True)
def _libraries_are_put_to_rest() -> Iterator[None]:
    """End zarr's event loop and threads, and the files that only an exception's traceback kept open."""
    yield
    if "zarr.core.sync" in sys.modules:
        _stop_zarr(sys.modules["zarr.core.sync"])
    gc.collect()


def _stop_zarr(sync: Any) -> None:
    # Its own cleanup closes the loop without waiting for the threads of the loop's executor.
    loop = sync.loop[0]
    if loop is not None:
        asyncio.run_coroutine_threadsafe(loop.shutdown_default_executor(), loop).result(timeout=60)
    sync.cleanup_resources()
