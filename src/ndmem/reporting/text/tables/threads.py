"""Table of threads, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.moment import Moment, nbytes_at
from ndmem.analysis.tables.threads import thread_table
from ndmem.reporting.plain import plain
from ndmem.reporting.thread_words import name_thread
from ndmem.units import format_nbytes

from .figure_columns import format_share

if TYPE_CHECKING:
    from rich.table import Table

    from ndmem.analysis.index import TraceIndex


def make_thread_table(index: TraceIndex, *, moment: Moment, limit: int | None) -> Table:
    """Lay out threads, most bytes live at the moment first; smaller arrays, which have no events, are one row."""
    from rich.table import Table

    total, threads = nbytes_at(index.trace, moment), thread_table(index, moment=moment)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("share", "peak" if moment is Moment.PEAK else "end", "kept", "total", "count"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("thread", no_wrap=True, overflow="ellipsis")
    for thread in threads[:limit]:
        figures = (thread.own_nbytes, thread.kept_nbytes, thread.total_nbytes)
        table.add_row(
            format_share(thread.own_nbytes / total if total else None),
            *(format_nbytes(nbytes) if nbytes else "-" for nbytes in figures),
            f"{thread.count:,}",
            plain(name_thread(thread.number, thread.name)),
        )
    if len(threads) > len(threads[:limit]):
        table.add_row("", "", "", "", "", f"… and {len(threads) - len(threads[:limit]):,} more")
    small = total - sum(thread.own_nbytes for thread in threads)
    if small:
        share = format_share(small / total)
        table.add_row(share, format_nbytes(small), "", "", "", "smaller arrays, of all threads")
    return table
