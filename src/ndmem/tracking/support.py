"""Check whether tracking can work in this interpreter."""

from ndmem.errors import TrackingError

_OLDEST_NUMPY = (2, 0)


def find_numpy_obstacle(version: str) -> str | None:
    """Return why tracking cannot work with a version of NumPy, ``None`` if it can."""
    import re  # NumPy has imported it; a launched program imports this module too

    if tuple(map(int, re.findall(r"\d+", version)[:2])) < _OLDEST_NUMPY:
        return f"NumPy {version} is too old; install numpy>=2.0"
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
    import importlib.util

    if importlib.util.find_spec("numpy") is None:
        return "NumPy is not installed in this environment; install numpy>=2.0"
    try:
        import ndmem._native  # noqa: F401  # the question is whether it can be imported
    except ImportError as error:
        return f"the native core cannot be loaded ({error}); reinstall ndmem for this Python"
    return None
