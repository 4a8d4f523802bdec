"""The memory monitor for NumPy programs.

The public names are imported when they are first used: a program that ``ndmem run`` launched imports this
package before any of its own code, and must not find NumPy imported because of it.
"""

from __future__ import annotations

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    from .api import load, profile, track
    from .errors import NdmemError, TraceError, TrackingError, UnitError
    from .run import Run, TrackedRun

__all__ = [
    "NdmemError",
    "Run",
    "TraceError",
    "TrackedRun",
    "TrackingError",
    "UnitError",
    "load",
    "profile",
    "track",
]
__version__ = "0.1.0"

_ERRORS = {"NdmemError", "TraceError", "TrackingError", "UnitError"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'ndmem' has no attribute {name!r}")
    if name in _ERRORS:
        from . import errors as module  # noqa: PLC0415  # imported on use, see above
    else:
        from . import api as module  # type: ignore[no-redef]  # noqa: PLC0415  # imported on use, see above
    return getattr(module, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
