"""The errors that ndmem raises; each is also the builtin error that a user would expect.

A message says in one line what failed, where, and what to do next; the command line prints it unchanged.
"""

from __future__ import annotations

# typing would load modules that a launched program may have of its own.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndmem.model.memory.excess import Excess


class NdmemError(Exception):
    """Root of all errors of ndmem."""


class TrackingError(NdmemError, RuntimeError):
    """Tracking cannot start here, or was used out of order."""


class ClientError(NdmemError, TypeError):
    """What was passed is not a client of a Dask cluster that can be tracked."""


class TraceError(NdmemError, ValueError):
    """A file is not a trace, is truncated or damaged, or was written by a newer version."""


class UnitError(NdmemError, ValueError):
    """A text is not a valid number of bytes."""


class OptionError(NdmemError, ValueError):
    """The value of an option is not one of its valid values."""


class MissingError(NdmemError, ImportError):
    """An optional library is not installed."""


class SpecError(NdmemError, ValueError):
    """A shape, dtype or order is not valid."""


class WeighError(NdmemError, ValueError):
    """An object or a file cannot be weighed."""


class ProcessError(NdmemError, ValueError):
    """A process does not exist, or cannot be inspected."""


class PredictionError(NdmemError, RuntimeError):
    """A function cannot be predicted: it fails at small sizes, does not return, or does what the sandbox refuses."""


class ScalingError(NdmemError, ValueError):
    """An array cannot be split into blocks, read or written; or no block of it is within the budget."""


# MemoryError first: it alone has a constructor of its own, and tblib, with which Dask sends errors, calls that of the
# first base.
class BudgetExceeded(MemoryError, NdmemError):  # noqa: N818  # the name users expect beside MemoryError
    """An allocation, or a planned call, would exceed a budget, and was refused.

    Attributes
    ----------
    excess : Excess or None
        The allocation, and what was live when it was refused, in bytes; ``None`` for a planned call.
    """

    def __init__(self, *args: object, excess: Excess | None = None) -> None:
        super().__init__(*args)
        self.excess = excess
