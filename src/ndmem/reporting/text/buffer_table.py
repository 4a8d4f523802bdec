"""Table of the largest arrays at a moment, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.live import LiveBuffer, each_live_buffer, live_arrays, small_nbytes
from ndmem.analysis.moment import nbytes_at
from ndmem.analysis.tables.sources import SourceFiles, source_files
from ndmem.reporting.plain import plain

from .block_rows import Row, add_rest, lay_out_largest

if TYPE_CHECKING:
    from rich.table import Table

    from ndmem.analysis.index import TraceIndex
    from ndmem.analysis.moment import Moment
    from ndmem.reporting.paths import FileNames


def make_buffer_table(
    index: TraceIndex, names: FileNames, *, moment: Moment, limit: int | None, width: int
) -> Table | None:
    """Lay out the largest arrays at a moment; the rows sum to the live bytes.

    At most ``limit`` arrays have a row, the others are summed. ``None`` if no buffer of at least the trace's threshold
    was live.
    """
    columns, sources = live_arrays(index, moment), source_files(index)
    if not len(columns.buffer):
        return None

    def describe(buffer: LiveBuffer) -> Row:
        return _write_row(buffer, names, sources)

    buffers = each_live_buffer(index, columns)
    table = lay_out_largest(columns, buffers, describe, noun="array", last="held by", limit=limit, width=width)
    if small := small_nbytes(index, moment):
        add_rest(table, small, "unknown arrays: events were dropped" if index.trace.dropped else "smaller arrays")
    add_rest(table, nbytes_at(index.trace, moment), "all", bold=True)
    return table


def _write_row(buffer: LiveBuffer, names: FileNames, sources: SourceFiles) -> Row:
    """Write one buffer: the code that allocated it, the place, and its holders."""
    site = buffer.site
    return Row(
        buffer.nbytes,
        plain(buffer.allocated_by(sources)),
        names.short_place(site.filename, site.lineno),
        plain(describe_holders(buffer)),
    )


def describe_holders(buffer: LiveBuffer) -> str:
    """Write the names that hold a buffer, grouped by shape and dtype; views are marked as such."""
    if not buffer.holders:
        return "temporary" if buffer.temporary else "holder unknown"
    names: dict[tuple[bool, tuple[int, ...], str], list[str]] = {}
    for holder in buffer.holders:
        names.setdefault((holder.is_view, holder.shape, holder.dtype), []).append(holder.name)
    return "; ".join(
        f"{', '.join(dict.fromkeys(held))} {shape} {dtype}{_write_view(len(set(held))) if is_view else ''}"
        for (is_view, shape, dtype), held in names.items()
    )


def _write_view(count: int) -> str:
    return " is a view of it" if count == 1 else " are views of it"
