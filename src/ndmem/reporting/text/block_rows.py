"""Buffers as rows of a table: equal ones together, the largest first."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rich.table import Table

    from ndmem.analysis.live import LiveBuffer

# Equal buffers are found among so many of the largest: what is described beyond them is not shown anyway.
_LOOKED_AT = 10_000

# Columns for a count of bytes, and for the last text before it is broken into lines.
_SIZE, _LAST = 8, 32


@dataclass(slots=True)
class Row:
    """Buffers of one size, place and use, as a reader sees them.

    Attributes
    ----------
    nbytes : int
        Of one of them.
    text, place : str
        What made them, and where; the place may be empty.
    use : str
        Who holds them, or what they are.
    count, total_nbytes : int
        How many there are, and their bytes together.
    """

    nbytes: int
    text: str
    place: str
    use: str
    count: int = 0
    total_nbytes: int = 0


def gather_rows(
    buffers: Iterable[LiveBuffer], describe: Callable[[LiveBuffer], Row], *, limit: int | None
) -> list[Row]:
    """Describe buffers and put those together that read the same; at most ``limit`` rows, most bytes first."""
    rows: dict[tuple[str, str, str, str], Row] = {}
    for buffer in islice(buffers, _LOOKED_AT):
        row = describe(buffer)
        row = rows.setdefault((format_nbytes(row.nbytes), row.text, row.place, row.use), row)
        row.count += 1
        row.total_nbytes += buffer.nbytes
    return sorted(rows.values(), key=lambda row: -row.total_nbytes)[:limit]


def lay_out_rows(rows: list[Row], *, last: str, width: int) -> Table:
    """Make a table of rows, with a heading for its last column."""
    from rich.table import Table  # noqa: PLC0415  # costs 50 ms: only who renders pays
    from rich.text import Text  # noqa: PLC0415

    sizes = [(f"{row.count:,} x " if row.count > 1 else "") + format_nbytes(row.nbytes) for row in rows]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    # Where it gets narrow what made a buffer gives way first: its place is enough to find it.
    size_width, last_width = (max(map(len, texts), default=0) for texts in (sizes, [row.use for row in rows]))
    room = width - max(size_width, _SIZE) - min(last_width, _LAST) - 4
    table.add_column("nbytes", justify="right", no_wrap=True)
    table.add_column("made by", overflow="ellipsis", no_wrap=True, max_width=room)
    table.add_column(last, overflow="fold")
    for row, size in zip(rows, sizes, strict=True):
        made = Text.assemble((row.place, "cyan"), f" {row.text}") if row.place else Text(row.text)
        table.add_row(size, made, Text(row.use))
    return table


def add_rest(table: Table, nbytes: int, text: str, *, bold: bool = False) -> None:
    """Add a row that sums what is not shown, or everything."""
    from rich.text import Text  # noqa: PLC0415  # as above

    style = "bold" if bold else ""
    table.add_row(Text(format_nbytes(nbytes), style), Text(text, style), "")
