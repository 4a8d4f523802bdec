"""Whether tracking can work in this interpreter, and why not."""

from __future__ import annotations

import sys

from ndmem.errors import TrackingError

_OLDEST_NUMPY = (1, 26)


def find_numpy_obstacle(version: str) -> str | None:
    """Return why tracking cannot work with a version of NumPy, ``None`` if it can."""
    import re  # noqa: PLC0415  # NumPy has imported it; a launched program imports this module too

    if tuple(map(int, re.findall(r"\d+", version)[:2])) < _OLDEST_NUMPY:
        return f"NumPy {version} is too old; install numpy>=1.26"
    return None


def check_support() -> None:
    """Raise if tracking cannot work here.

    Raises
    ------
    TrackingError
        With the reason and what to do.
    """
    reason = find_obstacle()
    if reason:
        raise TrackingError(f"tracking cannot start: {reason}")


def find_obstacle() -> str | None:
    """Return why tracking cannot work in this interpreter, ``None`` if it can. Imports nothing of NumPy."""
    import importlib.util  # noqa: PLC0415  # as above
    import platform  # noqa: PLC0415

    if sys.implementation.name != "cpython":
        return (
            f"{platform.python_implementation()} has no NumPy allocator that ndmem could hook; use CPython 3.10 to 3.13"
        )
    if "t" in sys.abiflags:  # sysconfig would say it too, 10 ms later
        return "this is a free-threaded Python, whose allocations come without a lock; use the default build"
    if importlib.util.find_spec("numpy") is None:
        return "NumPy is not installed in this environment; install numpy>=1.26"
    try:
        import ndmem._native  # noqa: F401, PLC0415  # the question is whether it can be imported
    except ImportError as error:
        return f"the native core does not load ({error}); reinstall ndmem for this Python"
    return None
