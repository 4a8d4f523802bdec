"""The state of a running program at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .moments import LiveMoment
    from .trace import Trace


@dataclass(frozen=True, slots=True)
class LiveFrame:
    """One sample of a running program.

    Attributes
    ----------
    trace : Trace
        Its state at that time; its events may contain only the births of live buffers, with their times.
    history : list of int
        Highest live bytes of equal parts of the time until then.
    rss_nbytes : int or None
        Resident memory of its process; ``None`` if unknown, or if the process has ended.
    moments : tuple of LiveMoment
        Live bytes by call stack at the highest moments until then; empty if they were not asked for.
    """

    trace: Trace
    history: list[int]
    rss_nbytes: int | None
    moments: tuple[LiveMoment, ...] = ()
