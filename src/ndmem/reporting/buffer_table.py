"""The table of the largest buffers at a moment, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.live import LiveBuffer, each_live_buffer, find_live, small_nbytes
from ndmem.analysis.moment import events_until, nbytes_at
from ndmem.analysis.sources import SourceFiles

from .block_rows import Row, add_rest, gather_rows, lay_out_rows
from .plain import plain

if TYPE_CHECKING:
    from rich.table import Table

    from ndmem.analysis.moment import Moment
    from ndmem.model.trace import Trace

    from .paths import FileNames


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
    columns, sources = find_live(trace, until=events_until(trace, moment)), SourceFiles(trace.sources)
    if not len(columns.buffer):
        return None

    def describe(buffer: LiveBuffer) -> Row:
        return _read(buffer, names, sources)

    shown = gather_rows(each_live_buffer(trace, columns), describe, limit=limit)
    table = lay_out_rows(shown, last="held by", width=width)
    if count := len(columns.buffer) - sum(row.count for row in shown):
        rest = int(columns.nbytes.sum()) - sum(row.total_nbytes for row in shown)
        add_rest(table, rest, f"{count:,} other array{'s' if count > 1 else ''}")
    if small := small_nbytes(trace, moment, columns=columns):
        add_rest(table, small, "arrays not known: events dropped" if trace.dropped else "smaller arrays")
    add_rest(table, nbytes_at(trace, moment), "all", bold=True)
    return table


def _read(buffer: LiveBuffer, names: FileNames, sources: SourceFiles) -> Row:
    """Write one buffer: what made it, where, and who holds it."""
    site = buffer.site
    return Row(
        buffer.nbytes,
        plain(buffer.made_by(sources)),
        names.short_place(site.filename, site.lineno),
        plain(describe_holders(buffer)),
    )


def describe_holders(buffer: LiveBuffer) -> str:
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
