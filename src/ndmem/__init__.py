"""The memory monitor for NumPy programs: where every array byte goes, exactly.

>>> import ndmem, numpy as np
>>> with ndmem.track() as run:
...     table = np.ones((1000, 100))
...     centred = table - table.mean(axis=0)
>>> run.peak, run.live
(1600800, 1600000)

``run.report()`` prints the lines that allocated what was live at the peak. For a whole program,
without a change to it: ``ndmem run program.py`` in a shell.

Measure
    track           the arrays of a block: with ndmem.track() as run:
    profile         a function line by line: @ndmem.profile
    dask.track      the workers of a Dask cluster: with ndmem.dask.track(client) as run:
    leaks           what stays after each call of a function, and what holds it
    load, diff      the saved file of a run; two runs beside each other
    advise          what to change in a program, and the bytes that it saves
    MetricsReader   the figures of a service that records for weeks: track(continuous=True)
Look at this process now
    arrays          the live arrays, and the names that hold them
    weigh           the memory that objects own and keep alive
    breakdown       why RSS is larger than the arrays
Stay within the memory
    limit           MemoryError instead of the OOM killer: with ndmem.limit("4 GiB"):
    limits, fits    the limits of this process; whether something fits below them
    spec            an array that does not exist yet: ndmem.spec("f8[1000, 1000]")
Work on what does not fit
    chunks          the chunks of an array that keep a program within its memory
Predict
    predict         the memory of a call at a size that has not been run yet
    dims            lengths of named dimensions for it
    planned         check each call of a function in advance
Work in blocks that fit
    amplification   the memory of a function for each row of a block, measured
    map_blocks      run a function over a zarr array, a memory map … below a budget

In a notebook: ``%load_ext ndmem``, then ``%%ndmem`` above a cell. All errors are subclasses of
`NdmemError`. Bytes are integers; as arguments they may also be text, such as ``"4 GiB"``.
"""

from __future__ import annotations

# The other public names come from `api` when they are first used: a program that ``ndmem run`` launched imports this
# package before any of its own code, and must not find NumPy imported because of it.
from .errors import (
    BudgetExceeded,
    ClientError,
    MissingError,
    NdmemError,
    PredictionError,
    ProcessError,
    ScalingError,
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

    from . import dask as dask  # not in `__all__`: a star import must not replace Dask's own package
    from .api import (
        Amplification,
        BlockRun,
        MetricsReader,
        Prediction,
        Run,
        TrackedRun,
        advise,
        amplification,
        arrays,
        breakdown,
        chunks,
        diff,
        dims,
        fits,
        leaks,
        limit,
        limits,
        load,
        map_blocks,
        planned,
        predict,
        profile,
        spec,
        track,
        weigh,
    )

# That of the installed package, which has it from the tag of the release; read when it is asked for.
__version__: str

__all__ = [
    "Amplification", "BlockRun", "BudgetExceeded", "ClientError", "MetricsReader", "MissingError", "NdmemError",
    "Prediction", "PredictionError", "ProcessError", "Run", "ScalingError", "SpecError", "TraceError", "TrackedRun",
    "TrackingError", "UnitError", "WeighError", "advise", "amplification", "arrays", "breakdown", "chunks", "diff",
    "dims", "fits", "leaks", "limit", "limits", "load", "map_blocks", "planned", "predict", "profile", "spec",
    "track", "weigh",
]  # fmt: skip


# Hidden from type checkers: they would take every other name for one of `Any`.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name == "dask":
            from importlib import import_module

            return import_module(".dask", __name__)
        if name == "__version__":
            from importlib.metadata import version

            return version("ndmem")
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from . import api  # when a public name is first used, see above

        return getattr(api, name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__", *(name for name in globals() if name.startswith("__"))])


def load_ipython_extension(shell: Any) -> None:
    """Register the magics in a notebook; IPython calls this for ``%load_ext ndmem``."""
    from .integrations.ipython.magics import load_magics  # needs IPython

    load_magics(shell)
