"""Tables of a cluster's task groups and workers, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.tables.cluster import task_table, worker_table
from ndmem.model.cluster import WorkerState
from ndmem.reporting.plain import plain
from ndmem.units import format_nbytes

from .figure_columns import format_share

if TYPE_CHECKING:
    from rich.table import Table

    from ndmem.analysis.index import TraceIndex
    from ndmem.analysis.moment import Moment
    from ndmem.model.cluster import WorkerFigures

_WIDE = 120
"""Columns from which on the addresses are shown, too."""

RESIDENT_NOTE = (
    "running: arrays that are not stored keys, at the worker's peak; stored: results in memory, by dask.sizeof; "
    "resident: the highest sample of its RSS, of which base was there when tracking began, arrays are NumPy's, freed "
    "is what malloc may still keep of freed memory, and other is the rest."
)


def make_task_table(index: TraceIndex, *, moment: Moment, limit: int | None) -> Table:
    """Lay out task groups, most bytes live at the moment first."""
    from rich.table import Table

    groups = task_table(index, moment=moment)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("share", "at peak", "kept", "total", "count", "tasks", "workers"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("task group", overflow="fold")
    for group in groups[:limit]:
        table.add_row(
            format_share(group.share),
            *map(_format, (group.at_peak_nbytes, group.kept_nbytes, group.total_nbytes)),
            *(f"{number:,}" if number else "-" for number in (group.count, group.tasks, group.workers)),
            plain(group.name),
        )
    _count_rest(table, len(groups), limit)
    return table


def make_worker_table(index: TraceIndex, *, limit: int | None, width: int) -> Table:
    """Lay out workers, highest peak first."""
    from rich.table import Table

    workers = worker_table(index)
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for name in ("peak", "running", "stored", "resident", "base", "arrays", "freed", "other"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("worker", overflow="fold")
    for worker in workers[:limit]:
        table.add_row(*_figures(worker), plain(describe_worker(worker, address=width >= _WIDE)))
    _count_rest(table, len(workers), limit)
    return table


def _figures(worker: WorkerFigures) -> list[str]:
    if worker.state is WorkerState.UNTRACKED:
        return ["?"] * 8
    peak, stored, parts = worker.peak_nbytes, min(worker.stored_nbytes, worker.peak_nbytes), worker.resident
    arrays = [_format(peak), _format(peak - stored), _format(stored)]
    if parts is None:
        return [*arrays, *["?"] * 5]
    freed = "?" if parts.freed_nbytes is None else _format(parts.freed_nbytes)
    other = _format(max(parts.other_nbytes, 0))
    return [*arrays, *map(_format, (parts.nbytes, parts.base_nbytes, parts.array_nbytes)), freed, other]


def describe_worker(worker: WorkerFigures, *, address: bool = True) -> str:
    """Write name, address and process id of a worker, and how it ended, if that is not the usual way."""
    text = f"{worker.name}{f' at {worker.address}' if address else ''}, pid {worker.pid}"
    if worker.state is WorkerState.UNTRACKED:
        return f"{text}: not tracked: {worker.problem}"
    if worker.state is WorkerState.LOST:
        return f"{text}: no message after {worker.seen_s:.3g} s"
    return f"{text}: closed at {worker.seen_s:.3g} s" if worker.state is WorkerState.RETIRED else text


def _format(nbytes: int) -> str:
    return format_nbytes(nbytes) if nbytes else "-"


def _count_rest(table: Table, rows: int, limit: int | None) -> None:
    if limit is not None and rows > limit:
        table.add_row(*[""] * (len(table.columns) - 1), f"… and {rows - limit:,} more")
