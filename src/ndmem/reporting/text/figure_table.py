"""Tables of lines and of functions, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.moment import Moment
from ndmem.analysis.tables.figures import SHOWN
from ndmem.analysis.tables.lines import Line
from ndmem.reporting.plain import plain
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table
    from rich.text import Text

    from ndmem.analysis.tables.figures import Figures
    from ndmem.analysis.tables.functions import Function
    from ndmem.reporting.paths import FileNames

# The column of native memory stands beside the peak of arrays.
_NATIVE = SHOWN.index("peak_nbytes") + 1

# From this many columns on, figures are two spaces apart; source text keeps at least this many.
_ROOMY, _SHORTEST = 100, 12

UNKNOWN = "?"
"""A figure that was not measured; zero is a dash."""


def make_figure_table(
    rows: Sequence[Line | Function],
    names: FileNames,
    *,
    moment: Moment,
    limit: int | None,
    width: int,
    native: bool = False,
) -> Table:
    """Lay out lines or functions.

    Parameters
    ----------
    rows : sequence of Line or Function
        Rows in the order in which they are shown.
    names : FileNames
        How files are named.
    moment : Moment
        The moment for which they were computed.
    limit : int or None
        Show at most this many rows and count the others; ``None`` for all.
    width : int
        Columns of the terminal to fit into.
    native : bool
        Add a column with the native memory that was live while each ran.

    Returns
    -------
    rich.table.Table
        One row each, under a heading for its part in the live bytes of the moment, and one for its file.
    """
    # Imported here: rich costs 50 ms, which a report in another format must not pay.
    from rich.table import Table
    from rich.text import Text

    gap = 2 if width >= _ROOMY else 1
    table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="bold")
    shown = rows[:limit]
    columns = name_columns(native=native)
    cells = [_write_cells(row, native=native) for row in shown]
    for name, column in zip(columns, zip(columns, *cells, strict=True), strict=True):
        needed = max(map(len, column))
        table.add_column(name, justify="right", no_wrap=True, min_width=needed)
        width -= needed + gap
    heading, filename = _name_role(shown[0], moment, native=native) if shown else "", None
    # A narrow terminal cuts the source text, never a figure.
    table.add_column(heading, no_wrap=True, overflow="ellipsis", max_width=max(width, _SHORTEST))
    blank, digits = [""] * len(columns), max((len(str(row.lineno or "-")) for row in shown), default=1)
    for row, figures in zip(shown, cells, strict=True):
        if (role := _name_role(row, moment, native=native)) != heading:
            heading = role
            table.add_row(*blank, Text(heading, "bold"))
        if row.filename != filename:
            filename = row.filename
            table.add_row(*blank, Text(names.short_place(filename, None), "cyan"))
        table.add_row(*figures, _describe_row(row, digits=digits))
    if len(shown) < len(rows):
        table.add_row(*blank, Text(f"… and {len(rows) - len(shown):,} more", "dim"))
    return table


def name_columns(*, native: bool) -> list[str]:
    """Return the headings of the columns of figures."""
    shown = [name.removesuffix("_nbytes") for name in SHOWN]
    return ["share", *shown[:_NATIVE], *(["native"] if native else []), *shown[_NATIVE:], "count"]


def shown_nbytes(row: Figures, *, native: bool) -> list[int | None]:
    """Return the bytes of a row in the order of the columns, between its share and its count."""
    shown = [getattr(row, name) for name in SHOWN]
    natives = [row.native.peak_nbytes if row.native else None] if native else []
    return [*shown[:_NATIVE], *natives, *shown[_NATIVE:]]


def _name_role(row: Figures, moment: Moment, *, native: bool) -> str:
    """Return the heading above a row: its part in the arrays live at the moment; rows come in this order."""
    if row.own_nbytes:
        return "Live at the peak" if moment is Moment.PEAK else "Left at the end"
    if row.share:
        return "Their callers"
    if native:  # the row may have native blocks at the total peak
        return "No arrays at the peak" if moment is Moment.PEAK else "No arrays left at the end"
    return "Not live at the peak" if moment is Moment.PEAK else "Nothing left at the end"


def _write_cells(row: Figures, *, native: bool) -> list[str]:
    figures = map(_format_figure, shown_nbytes(row, native=native))
    return [format_share(row.share), *figures, f"{row.count:,}" if row.count else "-"]


def _format_figure(nbytes: int | None) -> str:
    return UNKNOWN if nbytes is None else format_nbytes(nbytes) if nbytes else "-"


def format_share(share: float | None) -> str:
    """Write a share of the live bytes; a dash for zero."""
    if not share:
        return "-"
    return f"{share:.0%}" if share >= 0.01 else "<1%"


def _describe_row(row: Line | Function, *, digits: int) -> Text:
    """Write the line number with the source, or the function with the line of its ``def``."""
    from rich.text import Text

    if isinstance(row, Line):
        number, text = row.lineno, row.source if row.source else f"in {row.function}"
    else:
        number, text = row.lineno or 0, row.function
    return Text.assemble((f"{number or '-':>{digits}} ", "dim"), plain(text))
