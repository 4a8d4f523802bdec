"""The error if the sandbox cannot be set up."""

from ndmem.errors import PredictionError


class UncontainedError(PredictionError):
    """The sandbox cannot be set up, so the function is not run."""
