"""The user's timeout for all measurements together."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """A timeout that has started. It is spent once, also if the measurements begin again in another child.

    Attributes
    ----------
    seconds : float
        The timeout.
    ends_at : float
        When it ends, by the clock.
    clock : callable
        Returns the time in seconds.
    """

    seconds: float
    ends_at: float
    clock: Callable[[], float]

    def left(self) -> float:
        """Return the seconds left."""
        return self.ends_at - self.clock()


def start_time_limit(seconds: float, clock: Callable[[], float] = time.monotonic) -> TimeLimit:
    """Start a timeout now."""
    return TimeLimit(seconds, clock() + seconds, clock)
