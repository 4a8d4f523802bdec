"""Table of the largest native blocks at the total peak or at the end, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.answer.total import live_native
from ndmem.analysis.background import Background, find_background
from ndmem.analysis.domains import of_domain
from ndmem.analysis.file_names import folder_name
from ndmem.analysis.live import LiveBuffer, each_live_buffer
from ndmem.analysis.moment import Moment
from ndmem.analysis.origin import OUTSIDE_PYTHON
from ndmem.analysis.tables.sources import SourceFiles, source_files
from ndmem.model.columns import Domain
from ndmem.reporting.holder_names import HolderNames
from ndmem.reporting.plain import plain

from .arrays import describe_holders
from .block_rows import Row, add_rest, lay_out_largest

if TYPE_CHECKING:
    from rich.table import Table

    from ndmem.analysis.index import TraceIndex
    from ndmem.reporting.paths import FileNames


def make_native_table(
    index: TraceIndex, names: FileNames, *, moment: Moment, limit: int | None, width: int
) -> Table | None:
    """Lay out the largest native blocks at the total peak or the end; the rows sum to the native bytes live then.

    At most ``limit`` blocks have a row, the others are summed. ``None`` if no native block was live.
    """
    trace = index.trace
    columns, sources = live_native(index, moment), source_files(index)
    if not len(columns.buffer):
        return None

    holders = HolderNames(index, names.name)
    kinds = dict(zip(columns.buffer.tolist(), find_background(index, columns).tolist(), strict=True))

    def describe(block: LiveBuffer) -> Row:
        background = Background(kinds[block.buffer])
        if background is not Background.NONE:
            return Row(block.nbytes, background.text, "", "", is_whole=True)
        shared = plain(describe_holders(block, holders, many=True)) if block.holders else ""
        code, place = _name_allocation(block, names, sources)
        folder = folder_name(block.site.filename)
        return Row(block.nbytes, code, place, plain(_name_use(block, holders)), shared, folder=folder)

    blocks = each_live_buffer(index, columns)
    table = lay_out_largest(columns, blocks, describe, noun="block", last="kind", limit=limit, width=width)
    by_node = trace.tallies.at_total_peak if moment is Moment.PEAK else trace.tallies.live
    live = int(of_domain(trace, by_node, Domain.NATIVE).sum())
    known = int(columns.nbytes.sum())
    if live > known:
        add_rest(table, live - known, "unknown blocks: events were dropped")
    add_rest(table, live, "all", bold=True)
    return table


def _name_allocation(block: LiveBuffer, names: FileNames, sources: SourceFiles) -> tuple[str, str]:
    """Write the code that allocated a block, and its place."""
    site = block.site
    if not site.filename:
        return OUTSIDE_PYTHON, ""
    return plain(block.allocated_by(sources)), names.short_place(site.filename, site.lineno)


def _name_use(block: LiveBuffer, holders: HolderNames) -> str:
    """Write the array that a block consists of, or its kind; an empty text if it is unknown."""
    if block.holders:
        return describe_holders(block, holders)
    return block.origin or ("temporary" if block.temporary else "")
