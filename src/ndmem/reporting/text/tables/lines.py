"""Table of the lines or functions that a report shows, of the program or of all its processes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ndmem.analysis.answer.lead import find_lead
from ndmem.analysis.background import native_matters
from ndmem.analysis.moment import nbytes_at
from ndmem.analysis.over_time.processes import member_indexes
from ndmem.analysis.tables.functions import Function, function_table
from ndmem.analysis.tables.lines import Line, line_table
from ndmem.analysis.tables.merged import merged_lines
from ndmem.analysis.tables.selection import Selection, select_rows
from ndmem.reporting.view import By

from .figure_columns import explain_columns
from .figures import make_figure_table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ndmem.analysis.index import TraceIndex
    from ndmem.reporting.paths import FileNames
    from ndmem.reporting.view import View


@dataclass(frozen=True, slots=True)
class RowTable:
    """Table of figures with what belongs to it.

    Attributes
    ----------
    table : rich renderable
        The table.
    rows : tuple of Line or Function
        Its rows, for the notes on them.
    notes : tuple of str
        What its columns mean.
    """

    table: RenderableType
    rows: tuple[Line | Function, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RowChoice:
    """Rows that a table of figures shows.

    Attributes
    ----------
    selection : Selection
        The rows.
    whole : int
        Live bytes of arrays at the moment, of all processes whose rows these are.
    native : bool
        Whether the native memory of each is shown.
    note : str
        Whose lines they are, if they are merged; else empty.
    """

    selection: Selection[Any]
    whole: int
    native: bool
    note: str


def choose_rows(index: TraceIndex, view: View) -> RowChoice | None:
    """Choose the rows of a view by line or function; ``None`` for a view that has others, and if there is no row."""
    merges = merges_processes(index, view)
    indexes = member_indexes(index) if merges else (index,)
    native = any(map(native_matters, indexes))
    # If native memory is not shown, a line without arrays has no figure to show.
    rows = tuple(row for row in _list_rows(index, view, merges=merges) if row.has_memory(native=native))
    if not rows:
        return None
    moment = view.moment
    selection: Selection[Any] = Selection(rows, None, ())
    whole = sum(nbytes_at(each.trace, moment) for each in indexes)
    # A view without a limit has a row for everything.
    if view.rows is not None and not view.library:
        selection = select_rows(index, rows, moment=moment, whole=whole, native=native)
    note = f"The lines are those of {len(indexes):,} processes, summed: each at its own {moment.value}."
    return RowChoice(selection, whole, native, note if merges else "")


def make_row_table(index: TraceIndex, names: FileNames, view: View, *, width: int) -> RowTable | None:
    """Lay out the table of figures; ``None`` for a view that has another table, and if there is no row."""
    choice = choose_rows(index, view)
    if choice is None:
        return None
    table, columns = make_figure_table(
        choice.selection, names, moment=view.moment, whole=choice.whole, limit=view.rows, width=width,
        native=choice.native,
    )  # fmt: skip
    notes = filter(None, [explain_columns(columns), choice.note])
    return RowTable(table, choice.selection.shown[: view.rows], tuple(notes))


def merges_processes(index: TraceIndex, view: View) -> bool:
    """Tell whether the lines are those of all processes: as asked for, or because a child has most of the memory."""
    if view.by is not By.LINE or len(index.family.members) < 2:
        return False
    return view.processes or find_lead(index) is not None


def _list_rows(index: TraceIndex, view: View, *, merges: bool) -> tuple[Line | Function, ...]:
    if merges:
        return merged_lines(index, library=view.library, moment=view.moment)
    if view.by is By.LINE:
        return line_table(index, library=view.library, moment=view.moment)
    if view.by is By.FUNCTION:
        return function_table(index, library=view.library, moment=view.moment)
    return ()
