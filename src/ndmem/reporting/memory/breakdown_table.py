"""A Breakdown as a table, in plain text and HTML: the conclusion first, the remainder last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ndmem.model.memory.breakdown import PARTS
from ndmem.reporting.html.fragment import Column, write_fragment, write_table
from ndmem.units import format_nbytes

from .breakdown_sentence import conclude

if TYPE_CHECKING:
    from ndmem.model.memory.breakdown import Breakdown

_UNKNOWN = "?"


def as_text(breakdown: Breakdown) -> str:
    """Write a sentence and a table."""
    table = list(_rows(breakdown))
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = []
    for label, *cells in table:
        shown = [cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True)]
        lines.append("  ".join([label.ljust(widths[0]), *shown]))
    return "\n".join([f"{conclude(breakdown)}.", "", *lines, *_remarks(breakdown)])


def as_html(breakdown: Breakdown) -> str:
    """Write a sentence and an HTML table, for notebooks."""
    (_, *heads), *rows = _rows(breakdown)
    table = write_table([("", Column.TEXT), *((head, Column.FIGURE) for head in heads)], rows)
    return write_fragment(table, headline=[f"{conclude(breakdown)}."], remarks=_remarks(breakdown))


def _rows(breakdown: Breakdown) -> Iterator[tuple[str, ...]]:
    """Yield the heading and the rows: part, bytes before `trim` if requested, bytes, share of RSS."""
    before = breakdown.before
    yield ("", "before", "now", "of RSS") if before else ("", "resident", "of RSS")
    for name, label in (*PARTS.items(), ("unexplained", "unexplained"), ("rss", "RSS")):
        nbytes = getattr(breakdown, name)
        share = "" if nbytes is None or not breakdown.rss else f"{round(100 * nbytes / breakdown.rss)}%"
        then = (_cell(getattr(before, name)),) if before else ()
        yield (label, *then, _cell(nbytes), share)


def _remarks(breakdown: Breakdown) -> Iterator[str]:
    if breakdown.untouched:
        yield f"{format_nbytes(breakdown.untouched)} of live arrays was never written and is not in RAM."
    if any(nbytes is None for nbytes in breakdown.parts.values()):
        yield f"{_UNKNOWN} is unknown; it is part of unexplained."
    yield from breakdown.notes


def _cell(nbytes: int | None) -> str:
    return _UNKNOWN if nbytes is None else format_nbytes(nbytes)
