"""An allocation that exceeded a budget, or would have."""

from dataclasses import dataclass

from ndmem.model.site import Site

from .live import ArrayBuffer


@dataclass(frozen=True, slots=True)
class LiveLine:
    """Memory that one line had allocated and that was live.

    Attributes
    ----------
    nbytes : int
        Bytes of the arrays, or of the native blocks.
    count : int
        Number of them.
    native : bool
        Whether they are blocks of libraries, not arrays.
    site : Site or None
        The line of the user's code; ``None`` if it is unknown, as for arrays from before tracking.
    """

    nbytes: int
    count: int
    native: bool
    site: Site | None


@dataclass(frozen=True, slots=True)
class Excess:
    """An allocation that exceeded a budget, or would have.

    Attributes
    ----------
    budget : int
        Bytes allowed.
    asked : int
        Bytes of the allocation.
    live : int
        Bytes that the budget counted before it.
    what : str
        The memory that the budget counts, in words: ``"of arrays"``.
    site : Site or None
        The line of the allocation; ``None`` if no Python code ran.
    largest : tuple of ArrayBuffer
        The largest buffers that are still live, largest first.
    lines : tuple of LiveLine
        What was live when the allocation was refused, by the line that had allocated it, largest first: also arrays
        that were freed while the error left the functions that held them.
    """

    budget: int
    asked: int
    live: int
    what: str
    site: Site | None
    largest: tuple[ArrayBuffer, ...]
    lines: tuple[LiveLine, ...] = ()
