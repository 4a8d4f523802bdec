"""The state of a running program at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .trace import Trace


@dataclass(frozen=True, slots=True)
class LiveFrame:
    """One sample of a running program.

    Attributes
    ----------
    trace : Trace
        Its state at that time; its events may contain only the births of live buffers.
    history : list of int
        Highest live bytes of equal parts of the time until then.
    rss_nbytes : int or None
        Resident memory of its process; ``None`` if unknown, or if the process has ended.
    """

    trace: Trace
    history: list[int]
    rss_nbytes: int | None
