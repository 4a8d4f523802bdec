"""The state of a running program at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .trace import Trace


@dataclass(frozen=True, slots=True)
class LiveFrame:
    """What one look at a program showed.

    Attributes
    ----------
    trace : Trace
        Its state then; of its events only the births of what is alive need be there.
    history : list of int
        Highest live bytes of equal parts of the time until then.
    rss_nbytes : int or None
        Resident memory of its process; ``None`` where that is not known, or there is no process any more.
    """

    trace: Trace
    history: list[int]
    rss_nbytes: int | None
