"""Libraries that start threads for the whole process end them after each test."""

import contextlib
import sys
import threading
from collections.abc import Iterator

import pytest

# Its toolz registers an import hook.
with contextlib.suppress(ImportError):
    import dask.array  # noqa: F401


@pytest.fixture(autouse=True)
def _threads_of_libraries_end() -> Iterator[None]:
    """End zarr's event loop and the threads that read for it, and wait for those of Dask that are about to end."""
    before = set(threading.enumerate())
    yield
    if "zarr" in sys.modules:
        from zarr.core.sync import cleanup_resources

        cleanup_resources()
    for thread in set(threading.enumerate()) - before:
        if thread.name.startswith(("asyncio_", "zarr", "Profile")):
            thread.join()
