"""The messages of what exceeds a budget or a limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.units import format_nbytes

from .live_buffers import describe_buffer

if TYPE_CHECKING:
    from ndmem.model.memory.excess import Excess, LiveLine

_MOST_LINES = 5
_NEARLY_ALL = 0.95


def describe_excess(excess: Excess) -> str:
    """Write one line with the figures and the place, then what was live: the lines that allocated it, and buffers.

    The lines are left out if the buffers are nearly all that was live.
    """
    site = excess.site
    where = "" if site is None else f" at {site.filename}:{site.lineno} in {site.function}"
    text = (
        f"{format_nbytes(excess.asked)} more{where} would exceed the budget of {format_nbytes(excess.budget)}: "
        f"{format_nbytes(excess.live)} {excess.what} are live"
    )
    rows = [f"  {describe_buffer(buffer)}" for buffer in excess.largest]
    if excess.lines and sum(buffer.nbytes for buffer in excess.largest) < _NEARLY_ALL * excess.live:
        rows = [*_list_lines(excess.lines), *(["the largest arrays that are still live:", *rows] if rows else [])]
    return "\n".join([text, *rows])


def write_excess(nbytes: int, limit: int, noun: str) -> str:
    """Write bytes and their limit in a few words, for a summary of one line: ``22.9 MiB of arrays > limit 5 MiB``."""
    sizes = format_nbytes(nbytes), format_nbytes(limit)
    if sizes[0] == sizes[1]:
        return f"{nbytes:,} bytes of {noun} > limit {limit:,}"
    return f"{sizes[0]} of {noun} > limit {sizes[1]}"


def _list_lines(lines: tuple[LiveLine, ...]) -> list[str]:
    rows = [f"  {_describe_line(line)}" for line in lines[:_MOST_LINES]]
    rest = sum(line.nbytes for line in lines[_MOST_LINES:])
    return [*rows, f"  {format_nbytes(rest):>9}  at {len(lines) - _MOST_LINES} other lines"] if rest else rows


def _describe_line(line: LiveLine) -> str:
    site = line.site
    where = "; line unknown" if site is None else f" allocated at {site.filename}:{site.lineno} in {site.function}"
    what = "native memory" if line.native else f"{line.count:,} array{'' if line.count == 1 else 's'}"
    return f"{format_nbytes(line.nbytes):>9}  {what}{where}"
