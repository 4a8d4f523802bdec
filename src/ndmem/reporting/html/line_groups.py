"""Groups of the page's table of lines: each line's part in the arrays live at the peak."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ndmem.analysis.tables.lines import Line


def group_lines(lines: Sequence[Line], *, native: bool) -> list[tuple[str, list[tuple[int, Line]]]]:
    """Return the lines with their numbers below the heading of their group, as in the text; they come in this order."""
    groups = groupby(enumerate(lines), key=lambda each: _name_group(each[1], native=native))
    return [(heading, list(numbered)) for heading, numbered in groups]


def _name_group(line: Line, *, native: bool) -> str:
    if line.own_nbytes:
        return "Live at the peak"
    if line.share:
        return "Their callers"
    return "No arrays at the peak" if native else "Not live at the peak"
