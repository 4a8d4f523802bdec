"""What passed a budget, or would have."""

from __future__ import annotations

from dataclasses import dataclass

from ndmem.units import format_nbytes

from .live import LiveBuffer, describe_buffer
from .site import Site


@dataclass(frozen=True, slots=True)
class Excess:
    """An allocation that passed a budget, or would have.

    Attributes
    ----------
    budget : int
        Bytes allowed.
    asked : int
        Bytes of the allocation.
    live : int
        Bytes that the budget counted just before.
    what : str
        What it counts, as one would say it: ``"of arrays"``.
    site : Site or None
        The line that asked; ``None`` where no Python code ran.
    largest : tuple of LiveBuffer
        The largest live buffers, largest first.
    """

    budget: int
    asked: int
    live: int
    what: str
    site: Site | None
    largest: tuple[LiveBuffer, ...]

    def __str__(self) -> str:
        where = "" if self.site is None else f" at {self.site.filename}:{self.site.lineno} in {self.site.function}"
        text = (
            f"{format_nbytes(self.asked)} more{where} would pass the budget of {format_nbytes(self.budget)}: "
            f"{format_nbytes(self.live)} {self.what} are live"
        )
        return "\n".join([text, *(f"  {describe_buffer(buffer)}" for buffer in self.largest)])
