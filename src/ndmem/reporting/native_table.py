"""The table of the largest native blocks at the total peak, or at the end, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.domains import of_domain
from ndmem.analysis.live import LiveBuffer, each_live_buffer
from ndmem.analysis.moment import Moment
from ndmem.analysis.origin import OUTSIDE_PYTHON
from ndmem.analysis.sources import SourceFiles
from ndmem.analysis.total import live_native
from ndmem.model.columns import Domain

from .block_rows import Row, add_rest, gather_rows, lay_out_rows
from .plain import plain

if TYPE_CHECKING:
    from rich.table import Table

    from ndmem.model.trace import Trace

    from .paths import FileNames


def make_native_table(trace: Trace, names: FileNames, *, moment: Moment, limit: int | None, width: int) -> Table | None:
    """Lay out the largest native blocks; all rows together are the native bytes alive then.

    Parameters
    ----------
    trace : Trace
        The run.
    names : FileNames
        How files are named.
    moment : Moment
        The total peak, or the end.
    limit : int or None
        Show at most this many rows and sum the others; ``None`` for all.
    width : int
        Columns to fit into.

    Returns
    -------
    rich.table.Table or None
        ``None`` if no native block was alive.
    """
    columns, sources = live_native(trace, moment), SourceFiles(trace.sources)
    if not len(columns.buffer):
        return None

    def describe(block: LiveBuffer) -> Row:
        return Row(block.nbytes, *_name_maker(block, names, sources), plain(_name_use(block)))

    shown = gather_rows(each_live_buffer(trace, columns), describe, limit=limit)
    table = lay_out_rows(shown, last="what it is", width=width)
    known = int(columns.nbytes.sum())
    if count := len(columns.buffer) - sum(row.count for row in shown):
        rest = known - sum(row.total_nbytes for row in shown)
        add_rest(table, rest, f"{count:,} other block{'s' if count > 1 else ''}")
    by_node = trace.tallies.at_total_peak if moment is Moment.PEAK else trace.tallies.live
    live = int(of_domain(trace, by_node, Domain.NATIVE).sum())
    if live > known:
        add_rest(table, live - known, "blocks not known: events dropped")
    add_rest(table, live, "all", bold=True)
    return table


def _name_maker(block: LiveBuffer, names: FileNames, sources: SourceFiles) -> tuple[str, str]:
    """Write what made a block, and where."""
    site = block.site
    if not site.filename:
        return OUTSIDE_PYTHON, ""
    return plain(block.made_by(sources)), names.short_place(site.filename, site.lineno)


def _name_use(block: LiveBuffer) -> str:
    """Say what a block is, as far as that is known."""
    return block.origin or ("temporary" if block.temporary else "")
