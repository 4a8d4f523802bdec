"""Try a run within the time limit: whether it has time, and why it has no result.

What is measured is decided by processor time, which hardly depends on the load of the machine: the label must not.
"""

from __future__ import annotations

import enum
import math
from typing import TYPE_CHECKING

from ndmem.planning.worker.process.forked import ChildTimeoutError

from .failure import NO_RESULT
from .measurements import Measurements

if TYPE_CHECKING:
    from ndmem.planning.extrapolation.match import Point

_ONE_RUN_SHARE = 0.3
"""Part of the processor time left that one extra run may take."""

_ALWAYS_SHARE = 0.02
"""Part of the timeout that runs may take though no processor time is left: what they tell is worth more."""

_WAITING = 8.0
"""How many times longer than on an idle machine runs are taken to last at most: what lasts longer waits by itself."""


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
    """Tell whether runs at a position of the line will end within a share of the processor time left.

    Seconds decide only where they must: the timeout ends before the runs could.
    """
    processor = runs * measurements.estimate_whole_processor_seconds(t)
    most = max(share * measurements.processor_left(), _ALWAYS_SHARE * measurements.time_limit.seconds)
    if processor > most:
        return False
    return max(processor, runs * measurements.estimate_duration(t) / _WAITING) <= measurements.time_limit.left()


def try_measure(
    measurements: Measurements, t: int, *, processor_limit: float = math.inf, with_rss: bool = False
) -> Point | NoResult:
    """Run the function at a position of the line; stop it after half of the processor time left."""
    try:
        most = max(measurements.processor_left() / 2, 0.1)
        point = measurements.measure(t, processor_limit=min(processor_limit, most), with_rss=with_rss)
    except ChildTimeoutError:
        return NoResult.STOPPED
    except NO_RESULT:
        return NoResult.FAILED
    return NoResult.STOPPED if point.is_cut else point
