"""Tables of lines and of functions, as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndmem.analysis.file_names import base_name, folder_name
from ndmem.analysis.moment import Moment
from ndmem.analysis.tables.lines import Line
from ndmem.reporting.plain import plain
from ndmem.units import format_nbytes

from .figure_columns import choose_columns, format_share, name_role, write_figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType
    from rich.table import Table

    from ndmem.analysis.tables.functions import Function
    from ndmem.analysis.tables.selection import Imports, Selection
    from ndmem.reporting.paths import FileNames

    from .figure_columns import Column

_GAP, _SHORTEST, _SOURCE = 2, 12, 32
"""Spaces between columns, for headings of two words; the least and the wanted columns of source text."""

_LONG = 18
"""Most characters of a place that is cut anyway, where space is scarce: a cell of a notebook has a long name. Other
places are cut where the source would have less than its least."""


def make_figure_table(
    selection: Selection[Line] | Selection[Function],
    names: FileNames,
    *,
    moment: Moment,
    whole: int,
    limit: int | None,
    width: int,
    native: bool = False,
) -> tuple[RenderableType, tuple[Column, ...]]:
    """Lay out lines or functions.

    Parameters
    ----------
    selection : Selection
        The rows, in the order in which they are shown.
    names : FileNames
        How files are named.
    moment : Moment
        The moment for which they were computed.
    whole : int
        Live bytes of arrays at the moment, for the shares of rows that stand for several.
    limit : int or None
        Show at most this many rows and count the others; ``None`` for all.
    width : int
        Columns of the terminal to fit into. A narrow one has fewer columns of figures, and then less of the source.
    native : bool
        Add a column with the native memory of each.

    Returns
    -------
    rich renderable, tuple of Column
        The table with one row each, under a heading for its part in the live bytes; and the columns it has.
    """
    # Imported here: rich costs 50 ms, which a report in another format must not pay.
    from rich.console import Group
    from rich.text import Text

    shown = selection.shown[:limit]
    roles = [name_role(row, moment, native=native) for row in shown]
    layout = _arrange(shown, names, roles, moment=moment, native=native, width=width)
    heading = roles[0] if roles else ""
    table = _open_table(layout, heading)
    blank = [""] * (len(layout.columns) + 1)
    for row, role, place, source in zip(shown, roles, layout.places, layout.sources, strict=True):
        if role != heading:
            heading = role
            table.add_row(*blank, Text(heading, "bold"))
        table.add_row(*[column.write(row) for column in layout.columns], place, Text(source))
    if len(shown) < len(selection.shown):
        table.add_row(*blank, Text(f"… and {len(selection.shown) - len(shown):,} more", "dim"))
    if selection.imports is not None:
        table.add_row(*_write_imports(selection.imports, layout.columns, whole), "", selection.imports.text)
    if not selection.small:
        return table, layout.columns
    # As wide as the terminal: in the column of the source the list of lines would be cut.
    return Group(table, Text(_describe_small(selection.small, moment, width), "dim")), layout.columns


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """What each row shows, and how wide that is.

    Attributes
    ----------
    columns : tuple of Column
        The figures.
    widths : list of int
        Columns of the terminal for each of them.
    places, sources : list of str
        File and line, and the source, of each row.
    room : int
        Columns of the terminal for the source.
    """

    columns: tuple[Column, ...]
    widths: list[int]
    places: list[str]
    sources: list[str]
    room: int


def _arrange(
    shown: Sequence[Line] | Sequence[Function],
    names: FileNames,
    roles: Sequence[str],
    *,
    moment: Moment,
    native: bool,
    width: int,
) -> _Layout:
    """Choose the columns that leave the source its room; if it lacks room then, shorten the places."""
    places, sources = _name_places(shown, names), [_describe_row(row) for row in shown]
    wanted = max(min(_widest(sources), _SOURCE), _widest(roles))
    columns = choose_columns(
        shown, moment=moment, native=native, gap=_GAP, width=width - _widest(places) - _GAP - wanted
    )
    widths = [column.width(shown) for column in columns]
    used = sum(widths) + _GAP * (len(columns) + 1)
    if width - used - _widest(places) < wanted:
        places = _name_places(shown, names, short=True)
        scarce = width - used - _widest(places) < _SHORTEST
        places = [_cut_place(place) if scarce or place.startswith("…") else place for place in places]
    # A narrow terminal cuts the source text, never a figure.
    room = max(width - used - _widest(places), _SHORTEST)
    return _Layout(columns=columns, widths=widths, places=places, sources=sources, room=room)


def _open_table(layout: _Layout, heading: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for column, width in zip(layout.columns, layout.widths, strict=True):
        table.add_column(column.heading, justify="right", no_wrap=True, min_width=width)
    table.add_column("line", justify="right", no_wrap=True, min_width=_widest(layout.places), style="cyan")
    table.add_column(heading, no_wrap=True, overflow="ellipsis", max_width=layout.room)
    return table


def _write_imports(imports: Imports, columns: Sequence[Column], whole: int) -> list[str]:
    """Write the figures of what imports allocated, in the columns that have them."""
    written = {
        "share": format_share(imports.nbytes / whole if whole else None),
        columns[1].heading: write_figure(imports.nbytes),
        "native": write_figure(imports.native_nbytes),
    }
    return [written.get(column.heading, "") for column in columns]


def _describe_small(rows: Sequence[Line] | Sequence[Function], moment: Moment, width: int) -> str:
    """Write one line of text for the rows that are too small for rows of their own."""
    is_line = isinstance(rows[0], Line)
    nbytes = sum(row.own_nbytes for row in rows)
    what = f"{len(rows):,} more {'line' if is_line else 'function'}{'s' if len(rows) > 1 else ''} below 1 %"
    start = f"{what}{f', {format_nbytes(nbytes)} at the {moment.value}' if nbytes else ''}: "
    if is_line:
        texts = [f"{base_name(plain(row.filename))}:{row.lineno or '-'}" for row in rows]
    else:
        texts = [plain(row.function) for row in rows]
    shown = ""
    for number, text in enumerate(texts):
        longer = f"{shown}, {text}" if shown else text
        ends = number == len(texts) - 1
        if len(start) + len(longer) + (0 if ends else 3) > width:
            return f"{start}{shown}{', ' if shown else ''}…"
        shown = longer
    return start + shown


def _cut_place(place: str) -> str:
    return place if len(place) <= _LONG else "…" + place[1 - _LONG :]


def _widest(texts: Sequence[str]) -> int:
    return max(map(len, texts), default=0)


def _name_places(rows: Sequence[Line | Function], names: FileNames, *, short: bool = False) -> list[str]:
    """Return file and line of each row; the file without its folder if ``short``, and if all have the same."""
    if short and len({folder_name(row.filename) for row in rows}) == 1:
        return [names.short_place(base_name(row.filename), row.lineno) for row in rows]
    return [names.short_place(row.filename, row.lineno) for row in rows]


def _describe_row(row: Line | Function) -> str:
    if isinstance(row, Line):
        return plain(row.source or f"in {row.function}")
    return plain(row.function)
