"""Ways to measure the memory of a process, by memory_profiler's names."""

import tracemalloc
from typing import Final

import psutil

from ndmem.errors import ProcessError

MIB: Final = 2**20
BACKENDS: Final = ("psutil", "psutil_uss", "psutil_pss", "posix", "tracemalloc")
DEFAULT_BACKEND: Final = "psutil"


def check_backend(backend: str | None) -> str:
    """Return the name of a backend; the default for ``None``.

    Raises
    ------
    ProcessError
        If the backend is unknown.
    """
    if backend is None:
        return DEFAULT_BACKEND
    if backend not in BACKENDS:
        raise ProcessError(f"backend={backend!r} is not one of {', '.join(BACKENDS)}")
    return backend


def read_memory(pid: int, backend: str, *, include_children: bool = False) -> float:
    """Return the memory of a process in MiB; 0 if it is gone.

    Parameters
    ----------
    pid : int
        The process.
    backend : str
        ``"psutil"`` and ``"posix"``: resident memory. ``"psutil_uss"``: memory that no other process shares;
        ``"psutil_pss"``: also a share of shared pages. ``"tracemalloc"``: memory that Python's allocators handed out,
        of this process only.
    include_children : bool
        Add its descendants.
    """
    if backend == "tracemalloc":
        return tracemalloc.get_traced_memory()[0] / MIB
    try:
        process = psutil.Process(pid)
        total = _read(process, backend)
    except psutil.Error:
        return 0.0
    return total + sum(read_children(pid, backend).values()) if include_children else total


def is_running(pid: int) -> bool:
    """Return whether a process runs. A zombie, which has ended and whose parent has not waited for it, does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def read_children(pid: int, backend: str) -> dict[int, float]:
    """Return the memory of the descendants of a process in MiB, by process id."""
    try:
        children = psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return {}
    return {child.pid: read_memory(child.pid, backend) for child in children}


def _read(process: psutil.Process, backend: str) -> float:
    if backend in ("psutil_uss", "psutil_pss"):
        return float(getattr(process.memory_full_info(), backend.removeprefix("psutil_"))) / MIB
    return float(process.memory_info().rss) / MIB
