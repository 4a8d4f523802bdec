"""Try a run within the time limit: whether it has time, and why it has no result."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from ndmem.planning.worker.forked import ChildTimeoutError

from .measurements import NO_RESULT, Measurements

if TYPE_CHECKING:
    from ndmem.planning.extrapolation.match import Point

_ONE_RUN_SHARE = 0.3
"""Part of the time that is left which one extra run may take."""


class NoResult(enum.Enum):
    """Why a run has no result.

    Attributes
    ----------
    FAILED
        The function raised an error, or its process died.
    STOPPED
        The time limit stopped it.
    """

    FAILED = "failed"
    STOPPED = "stopped"


def has_time(measurements: Measurements, t: int, *, runs: int, share: float = _ONE_RUN_SHARE) -> bool:
    """Tell whether runs at a position of the line will end within a share of the time that is left."""
    return runs * measurements.estimate_duration(t) <= share * measurements.time_limit.left()


def try_measure(measurements: Measurements, t: int) -> Point | NoResult:
    """Run the function at a position of the line; stop it after half of the time that is left."""
    try:
        point = measurements.measure(t, stop_after=max(measurements.time_limit.left() / 2, 0.1))
    except ChildTimeoutError:
        return NoResult.STOPPED
    except NO_RESULT:
        return NoResult.FAILED
    return NoResult.STOPPED if point.is_cut else point
