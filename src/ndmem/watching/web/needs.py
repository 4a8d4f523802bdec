"""Libraries that the live page needs."""

import importlib.util

from ndmem.errors import MissingError

_NEEDED = ("starlette", "uvicorn")


def need_web() -> None:
    """Check that they are installed, without importing them.

    Raises
    ------
    MissingError
        If one of them is not installed.
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingError(
            f"the live page needs {', '.join(missing)}: not installed here; write: pip install 'ndmem[web]'"
        )
