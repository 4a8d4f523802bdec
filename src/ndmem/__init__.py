"""The memory monitor for NumPy programs.

The public names are imported when they are first used: a program that ``ndmem run`` launched imports this
package before any of its own code, and must not find NumPy imported because of it.
"""

from __future__ import annotations

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    from .api import breakdown, diff, limit, load, profile, track
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
    from .model.spec import spec
    from .planning.dims import dims
    from .predicting import planned, predict
    from .prediction import Prediction
    from .process.fit import fits
    from .process.limits import limits
    from .run import Run, TrackedRun
    from .weighing.live import arrays
    from .weighing.weigh import weigh

__version__ = "0.1.0"

# Public name → the module that has it.
_HOMES = {
    "BudgetExceeded": "ndmem.errors",
    "MissingError": "ndmem.errors",
    "NdmemError": "ndmem.errors",
    "Prediction": "ndmem.prediction",
    "PredictionError": "ndmem.errors",
    "ProcessError": "ndmem.errors",
    "Run": "ndmem.run",
    "SpecError": "ndmem.errors",
    "TraceError": "ndmem.errors",
    "TrackedRun": "ndmem.run",
    "TrackingError": "ndmem.errors",
    "UnitError": "ndmem.errors",
    "WeighError": "ndmem.errors",
    "arrays": "ndmem.weighing.live",
    "breakdown": "ndmem.api",
    "diff": "ndmem.api",
    "dims": "ndmem.planning.dims",
    "fits": "ndmem.process.fit",
    "limit": "ndmem.api",
    "limits": "ndmem.process.limits",
    "load": "ndmem.api",
    "planned": "ndmem.predicting",
    "predict": "ndmem.predicting",
    "profile": "ndmem.api",
    "spec": "ndmem.model.spec",
    "track": "ndmem.api",
    "weigh": "ndmem.weighing.weigh",
}
__all__ = sorted(_HOMES)  # noqa: PLE0605  # one list of the names is enough


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'ndmem' has no attribute {name!r}")
    import importlib  # noqa: PLC0415  # imported on use, see above

    return getattr(importlib.import_module(_HOMES[name]), name)


def load_ipython_extension(shell: Any) -> None:
    """Give a notebook the magics: what IPython calls for ``%load_ext ndmem``."""
    from .integrations.magics import load_magics  # noqa: PLC0415  # needs IPython

    load_magics(shell)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
