"""Rows of a table of buffers: equal buffers share a row, the largest come first."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rich.table import Table

    from ndmem.analysis.live import LiveBuffer, LiveColumns

# Only the largest are compared: a run can have a million live buffers, of which a table shows ten rows.
_COMPARED = 10_000

# Width of the column of bytes, and of the last column before its text is wrapped.
_SIZE, _LAST = 8, 32

# Columns of code that are worth leaving out the folders of its place.
_CODE = 24


@dataclass(slots=True)
class Row:
    """Buffers that are shown in one row: equal in size, place and use.

    Attributes
    ----------
    nbytes : int
        Bytes of one buffer.
    text, place : str
        Code that allocated them, and its place, which may be empty.
    use : str
        Their holders, or their kind.
    shared_use : str
        The same without the numbers and keys of items: equal for the buffers of one container, which share a row.
    beside : tuple of str
        Holders that are not items, of buffers whose ``shared_use`` has items alone.
    folder : str
        Folder of the file that the place is in.
    is_whole : bool
        Whether buffers of all sizes share the row, which then shows their sum.
    count, total_nbytes : int
        Number of buffers, and their bytes together.
    also : int
        Number of buffers with a holder in ``beside``.
    """

    nbytes: int
    text: str
    place: str
    use: str
    shared_use: str = ""
    beside: tuple[str, ...] = ()
    folder: str = ""
    is_whole: bool = False
    count: int = 0
    total_nbytes: int = 0
    also: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.also = int(bool(self.beside))


def gather_rows(
    buffers: Iterable[LiveBuffer], describe: Callable[[LiveBuffer], Row], *, limit: int | None
) -> list[Row]:
    """Describe buffers and join those with equal texts; at most ``limit`` rows, most bytes first."""
    rows: dict[tuple[str, str, str, str], Row] = {}
    for buffer in islice(buffers, _COMPARED):
        row = describe(buffer)
        size = "" if row.is_whole else format_nbytes(row.nbytes)
        first = rows.setdefault((size, row.text, row.place, row.shared_use or row.use), row)
        if first is not row:
            first.also += bool(row.beside)
            first.beside = tuple(dict.fromkeys([*first.beside, *row.beside]))
        if first.use != row.use:
            first.use = row.shared_use
        row = first
        row.count += 1
        row.total_nbytes += buffer.nbytes
    for row in rows.values():
        if row.beside and row.use == row.shared_use:
            row.use += f"; {'one' if row.also == 1 else f'{row.also:,}'} also by {', '.join(row.beside)}"
    return sorted(rows.values(), key=lambda row: -row.total_nbytes)[:limit]


def lay_out_largest(
    columns: LiveColumns,
    buffers: Iterable[LiveBuffer],
    describe: Callable[[LiveBuffer], Row],
    *,
    noun: str,
    last: str,
    limit: int | None,
    width: int,
) -> Table:
    """Lay out the largest live buffers, and one row that sums all others.

    Parameters
    ----------
    columns : LiveColumns
        All live buffers.
    buffers : iterable of LiveBuffer
        The same buffers, described one by one.
    describe : callable
        Returns the row of a buffer.
    noun : str
        Word for a buffer: ``array`` or ``block``.
    last : str
        Heading of the last column.
    limit : int or None
        Show at most this many rows; ``None`` for all.
    width : int
        Columns of the terminal to fit into.
    """
    shown = gather_rows(buffers, describe, limit=limit)
    table = _lay_out_rows(shown, last=last, width=width)
    if count := len(columns.buffer) - sum(row.count for row in shown):
        rest = int(columns.nbytes.sum()) - sum(row.total_nbytes for row in shown)
        add_rest(table, rest, f"{count:,} other {noun}{'s' if count > 1 else ''}")
    return table


def _lay_out_rows(rows: list[Row], *, last: str, width: int) -> Table:
    from rich.table import Table
    from rich.text import Text

    sizes = [write_size(row) for row in rows]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    # A narrow terminal cuts the code that allocated a buffer first: its place is enough to find it.
    size_width, last_width = (max(map(len, texts), default=0) for texts in (sizes, [row.use for row in rows]))
    code_width = width - max(size_width, _SIZE) - min(last_width, _LAST) - 4
    places = _shorten_places(rows, code_width)
    table.add_column("nbytes", justify="right", no_wrap=True)
    table.add_column("allocated by", overflow="ellipsis", no_wrap=True, max_width=code_width)
    table.add_column(last, overflow="fold")
    for row, size, place in zip(rows, sizes, places, strict=True):
        code = Text.assemble((place, "cyan"), f" {row.text}") if place else Text(row.text)
        table.add_row(size, code, Text(row.use))
    return table


def _shorten_places(rows: list[Row], width: int) -> list[str]:
    """Return the places; without their folder if all are in the same one, and the code beside them is cut otherwise."""
    cut = any(len(row.place) + min(len(row.text), _CODE) >= width for row in rows)
    if not cut or len({row.folder for row in rows if row.place}) > 1:
        return [row.place for row in rows]
    return [row.place.rpartition("/")[2] for row in rows]


def write_size(row: Row) -> str:
    """Write the bytes of each buffer of a row, and their number."""
    if row.is_whole:
        return format_nbytes(row.total_nbytes)
    return (f"{row.count:,} x " if row.count > 1 else "") + format_nbytes(row.nbytes)


def add_rest(table: Table, nbytes: int, text: str, *, bold: bool = False) -> None:
    """Add a row for the sum of the buffers that are not shown, or of all."""
    from rich.text import Text

    style = "bold" if bold else ""
    table.add_row(Text(format_nbytes(nbytes), style), Text(text, style), "")
