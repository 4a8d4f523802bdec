"""Groups of the page's table of lines: each line's part in the arrays live at the peak."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from ndmem.analysis.moment import Moment
from ndmem.reporting.text.tables.figure_columns import name_role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ndmem.analysis.tables.lines import Line


def group_lines(lines: Sequence[Line], *, native: bool) -> list[tuple[str, list[tuple[int, Line]]]]:
    """Return the lines with their numbers below the heading of their group, as in the text; they come in this order."""
    groups = groupby(enumerate(lines), key=lambda each: name_role(each[1], Moment.PEAK, native=native))
    return [(heading, list(numbered)) for heading, numbered in groups]
