"""Differences between two runs as a piece of HTML for a notebook: the totals, and the lines that changed most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.reporting.paths import file_names
from ndmem.reporting.text.diff import signed_nbytes, totals_sentences
from ndmem.units import format_nbytes

from .fragment import Column, write_fragment, write_table

if TYPE_CHECKING:
    from ndmem.analysis.diff import Change, Diff
    from ndmem.analysis.tables.lines import Line
    from ndmem.model.trace import RunInfo
    from ndmem.reporting.paths import FileNames

_MOST_ROWS = 15
_COLUMNS = (
    ("change", Column.FIGURE),
    ("before", Column.FIGURE),
    ("after", Column.FIGURE),
    ("line", Column.TEXT),
    ("live at the peak", Column.CODE),
)


def tabulate_changes(diff: Diff, run: RunInfo, *, folder: str | None = None) -> str:
    """Write the differences as HTML; ``run`` is the later run, and ``folder`` is as in `line_table_html`."""
    names = file_names(run, folder=folder)
    rows = [_list_cells(change, names) for change in diff.lines[:_MOST_ROWS]]
    left = len(diff.lines) - len(rows)
    return write_fragment(
        write_table(_COLUMNS, rows),
        headline=totals_sentences(diff),
        remarks=[f"… and {left:,} more lines."] if left else [],
    )


def _list_cells(change: Change[Line], names: FileNames) -> list[str]:
    row = change.row
    sides = ["" if side is None else format_nbytes(side.own_nbytes) for side in (change.before, change.after)]
    return [
        signed_nbytes(change.difference("own_nbytes")),
        *("-" if side == "0 B" else side for side in sides),
        names.place(row.filename, row.lineno),
        row.source or f"in {row.function}",
    ]
