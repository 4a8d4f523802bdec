"""The memory monitor for NumPy programs.

The public names come from `ndmem.api` when they are first used: a program that ``ndmem run`` launched imports this
package before any of its own code, and must not find NumPy imported because of it.
"""

from __future__ import annotations

from .errors import (
    BudgetExceeded,
    MissingError,
    NdmemError,
    PredictionError,
    ProcessError,
    SpecError,
    TraceError,
    TrackingError,
    UnitError,
    WeighError,
)
from .pythons import check_python

check_python()

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    from .api import (
        Prediction,
        Run,
        TrackedRun,
        arrays,
        breakdown,
        diff,
        dims,
        fits,
        limit,
        limits,
        load,
        planned,
        predict,
        profile,
        spec,
        track,
        weigh,
    )

__version__ = "0.1.0"

__all__ = [
    "BudgetExceeded", "MissingError", "NdmemError", "Prediction", "PredictionError", "ProcessError", "Run", "SpecError",
    "TraceError", "TrackedRun", "TrackingError", "UnitError", "WeighError", "arrays", "breakdown", "diff", "dims",
    "fits", "limit", "limits", "load", "planned", "predict", "profile", "spec", "track", "weigh",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import api  # when a public name is first used, see above

    return getattr(api, name)


def load_ipython_extension(shell: Any) -> None:
    """Register the magics in a notebook; IPython calls this for ``%load_ext ndmem``."""
    from .integrations.ipython.magics import load_magics  # needs IPython

    load_magics(shell)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
