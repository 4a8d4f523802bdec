"""The table of the largest buffers at a moment, as text."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from ndmem.analysis.live import LiveBuffer, each_live_buffer, find_live, small_nbytes
from ndmem.analysis.moment import events_until, nbytes_at
from ndmem.analysis.sources import SourceFiles
from ndmem.units import format_nbytes

from .plain import plain

if TYPE_CHECKING:
    from rich.table import Table

    from ndmem.analysis.moment import Moment
    from ndmem.model.trace import Trace

    from .paths import FileNames

# Equal buffers are found among so many of the largest: what is described beyond them is not shown anyway.
_LOOKED_AT = 10_000


# Columns for a count of bytes, and for a name with shape and dtype before it is broken into lines.
_SIZE, _HELD = 8, 32


@dataclass(slots=True)
class _Row:
    """Buffers of one size, place and holder, as a reader sees them."""

    nbytes: int
    text: str
    place: str
    held: str
    count: int = 0
    total_nbytes: int = 0


def make_buffer_table(trace: Trace, names: FileNames, *, moment: Moment, limit: int | None, width: int) -> Table | None:
    """Lay out the largest buffers at a moment; all rows together are the live bytes.

    Parameters
    ----------
    trace : Trace
        The run.
    names : FileNames
        How files are named.
    moment : Moment
        The peak or the end.
    limit : int or None
        Show at most this many rows and sum the others; ``None`` for all.
    width : int
        Columns to fit into.

    Returns
    -------
    rich.table.Table or None
        ``None`` if no buffer of the trace's threshold or more was alive.
    """
    from rich.table import Table  # noqa: PLC0415  # costs 50 ms: only who renders pays
    from rich.text import Text  # noqa: PLC0415

    columns = find_live(trace, until=events_until(trace, moment))
    if not len(columns.buffer):
        return None
    sources = SourceFiles(trace.sources)
    rows: dict[tuple[str, str, str, str], _Row] = {}
    for buffer in islice(each_live_buffer(trace, columns), _LOOKED_AT):
        row = _read(buffer, names, sources)
        row = rows.setdefault((format_nbytes(row.nbytes), row.text, row.place, row.held), row)
        row.count += 1
        row.total_nbytes += buffer.nbytes
    shown = sorted(rows.values(), key=lambda row: -row.total_nbytes)[:limit]
    sizes = [(f"{row.count:,} x " if row.count > 1 else "") + format_nbytes(row.nbytes) for row in shown]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    # Where it gets narrow what made an array gives way first: its place is enough to find it.
    size_width, held_width = (max(map(len, texts), default=0) for texts in (sizes, [row.held for row in shown]))
    room = width - max(size_width, _SIZE) - min(held_width, _HELD) - 4
    table.add_column("nbytes", justify="right", no_wrap=True)
    table.add_column("made by", overflow="ellipsis", no_wrap=True, max_width=room)
    table.add_column("held by", overflow="fold")
    for row, size in zip(shown, sizes, strict=True):
        table.add_row(size, Text.assemble((row.place, "cyan"), f" {row.text}"), Text(row.held))
    count = len(columns.buffer) - sum(row.count for row in shown)
    if count:
        rest = int(columns.nbytes.sum()) - sum(row.total_nbytes for row in shown)
        table.add_row(format_nbytes(rest), f"{count:,} other array{'s' if count > 1 else ''}", "")
    if small := small_nbytes(trace, moment, columns=columns):
        unknown = "arrays not known: events dropped" if trace.dropped else "smaller arrays"
        table.add_row(format_nbytes(small), unknown, "")
    table.add_row(Text(format_nbytes(nbytes_at(trace, moment)), "bold"), Text("all", "bold"), "")
    return table


def _read(buffer: LiveBuffer, names: FileNames, sources: SourceFiles) -> _Row:
    """Write one buffer: what made it, where, and who holds it."""
    site = buffer.site
    text = buffer.expression or sources.line(site.filename, site.lineno) or f"in {site.function}"
    return _Row(
        buffer.nbytes,
        plain(text),
        names.short_place(site.filename, site.lineno),
        plain(_describe_holders(buffer)),
    )


def _describe_holders(buffer: LiveBuffer) -> str:
    """Write the names that hold a buffer, those of one shape together; a view as what it is."""
    if not buffer.holders:
        return "temporary" if buffer.temporary else "no name found"
    names: dict[tuple[bool, tuple[int, ...], str], list[str]] = {}
    for holder in buffer.holders:
        names.setdefault((holder.is_view, holder.shape, holder.dtype), []).append(holder.name)
    return "; ".join(
        f"{', '.join(dict.fromkeys(held))} {shape} {dtype}{_view(len(set(held))) if is_view else ''}"
        for (is_view, shape, dtype), held in names.items()
    )


def _view(count: int) -> str:
    return " is a view of it" if count == 1 else " are views of it"
