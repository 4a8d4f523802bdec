"""The errors ndmem raises; each also is the builtin error a user would expect.

A message has the figure, the place and the next step, and is complete in one line:
the command line prints it as it is.
"""


class NdmemError(Exception):
    """Root of all errors of ndmem."""


class TrackingError(NdmemError, RuntimeError):
    """Tracking cannot start here, or was used out of order."""


class TraceError(NdmemError, ValueError):
    """A trace file is missing, truncated, foreign, or of a newer version."""


class UnitError(NdmemError, ValueError):
    """A text is not a number of bytes."""


class MissingError(NdmemError, ImportError):
    """An optional library is not installed."""


class SpecError(NdmemError, ValueError):
    """A shape, dtype or order is not one of an array."""


class WeighError(NdmemError, ValueError):
    """A thing or a file cannot be weighed."""


class ProcessError(NdmemError, ValueError):
    """A process does not exist, or cannot be looked at."""


class PredictionError(NdmemError, RuntimeError):
    """A function cannot be predicted: it fails at small sizes, never ends, or does what a dry run may not."""


class BudgetExceeded(NdmemError, MemoryError):  # noqa: N818  # the name users expect beside MemoryError
    """An allocation would have passed a budget, or a planned call would; it did not happen."""
