"""An allocation that exceeded a budget, or would have."""

from dataclasses import dataclass

from ndmem.model.site import Site

from .live import ArrayBuffer


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
        The largest live buffers, largest first.
    """

    budget: int
    asked: int
    live: int
    what: str
    site: Site | None
    largest: tuple[ArrayBuffer, ...]
