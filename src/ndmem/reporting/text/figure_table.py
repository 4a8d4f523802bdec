"""The tables of lines and of functions, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.lines import Line
from ndmem.analysis.moment import Moment
from ndmem.units import format_nbytes

from .plain import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table
    from rich.text import Text

    from ndmem.analysis.figures import Figures
    from ndmem.analysis.functions import Function

    from .paths import FileNames

_COLUMNS = ("share", "peak", "temporary", "kept", "total", "count")
_NATIVE = 2
"""Where the column of native memory stands: beside the peak of arrays."""

# Columns of a terminal from which the figures are set apart by two spaces; of source text in any.
_ROOMY, _SHORTEST = 100, 12

UNKNOWN = "?"
"""Stands for a figure that was not measured; a figure of zero is a dash."""


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
        In order.
    names : FileNames
        How files are named.
    moment : Moment
        The moment they were computed for.
    limit : int or None
        Show at most this many rows and count the others; ``None`` for all.
    width : int
        Columns of the terminal to fit into.
    native : bool
        Show how much native memory was alive while each ran.

    Returns
    -------
    rich.table.Table
        One row each, under a heading for what it had to do with the moment, and one for its file.
    """
    # Costs 50 ms: only who renders pays.
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    gap = 2 if width >= _ROOMY else 1
    table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="bold")
    shown = rows[:limit]
    names_of = _COLUMNS if not native else (*_COLUMNS[:_NATIVE], "native", *_COLUMNS[_NATIVE:])
    cells = [_figure_cells(row, native=native) for row in shown]
    for name, column in zip(names_of, zip(names_of, *cells, strict=True), strict=True):
        needed = max(map(len, column))
        table.add_column(name, justify="right", no_wrap=True, min_width=needed)
        width -= needed + gap
    heading, filename = _role(shown[0], moment, native=native) if shown else "", None
    # Where it gets narrow the source text gives way, never a figure.
    table.add_column(heading, no_wrap=True, overflow="ellipsis", max_width=max(width, _SHORTEST))
    blank, digits = [""] * len(names_of), max((len(str(row.lineno or "-")) for row in shown), default=1)
    for row, figures in zip(shown, cells, strict=True):
        if (role := _role(row, moment, native=native)) != heading:
            heading = role
            table.add_row(*blank, Text(heading, "bold"))
        if row.filename != filename:
            filename = row.filename
            table.add_row(*blank, Text(names.short_place(filename, None), "cyan"))
        table.add_row(*figures, _describe(row, digits=digits))
    if len(shown) < len(rows):
        table.add_row(*blank, Text(f"… and {len(rows) - len(shown):,} more", "dim"))
    return table


def _role(row: Figures, moment: Moment, *, native: bool) -> str:
    """Say what a row had to do with the arrays alive at the moment; rows come in this order."""
    if row.own_nbytes:
        return "made what the peak holds" if moment is Moment.PEAK else "made what is kept"
    if row.share:
        return "called those"
    if native:  # it may have native blocks at the total peak
        return "no arrays at the peak" if moment is Moment.PEAK else "kept no arrays"
    return "not at the peak" if moment is Moment.PEAK else "kept nothing"


def _figure_cells(row: Figures, *, native: bool) -> list[str]:
    """Write the figures of a row, in the order of the columns."""
    figures = [row.peak_nbytes, row.temporary_nbytes, row.kept_nbytes, row.total_nbytes]
    if native:
        figures.insert(_NATIVE - 1, row.native.peak_nbytes if row.native else None)
    return [format_share(row.share), *map(_format_figure, figures), f"{row.count:,}" if row.count else "-"]


def _format_figure(nbytes: int | None) -> str:
    return UNKNOWN if nbytes is None else format_nbytes(nbytes) if nbytes else "-"


def format_share(share: float | None) -> str:
    """Write a share of the live bytes; a dash for none."""
    if not share:
        return "-"
    return f"{share:.0%}" if share >= 0.01 else "<1%"


def _describe(row: Line | Function, *, digits: int) -> Text:
    """Write the line number with the source, or the function with the line of its ``def``."""
    from rich.text import Text  # noqa: PLC0415  # as above

    if isinstance(row, Line):
        number, text = row.lineno, row.source if row.source else f"in {row.function}"
    else:
        number, text = row.lineno or 0, row.function
    return Text.assemble((f"{number or '-':>{digits}} ", "dim"), plain(text))
