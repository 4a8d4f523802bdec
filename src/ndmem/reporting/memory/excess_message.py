"""The message of an allocation that exceeded a budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.units import format_nbytes

from .live_buffers import describe_buffer

if TYPE_CHECKING:
    from ndmem.model.memory.excess import Excess


def describe_excess(excess: Excess) -> str:
    """Write one line with the figures and the place, then one for each of the largest live buffers."""
    site = excess.site
    where = "" if site is None else f" at {site.filename}:{site.lineno} in {site.function}"
    text = (
        f"{format_nbytes(excess.asked)} more{where} would exceed the budget of {format_nbytes(excess.budget)}: "
        f"{format_nbytes(excess.live)} {excess.what} are live"
    )
    return "\n".join([text, *(f"  {describe_buffer(buffer)}" for buffer in excess.largest)])
