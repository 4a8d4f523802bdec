"""Tables of a cluster's run: its task groups, and its workers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ndmem.analysis.call_tree.levels import nearest_marked, tree_levels
from ndmem.analysis.index import fact
from ndmem.analysis.moment import Moment, nbytes_at
from ndmem.model.cluster import TASKS_FILE

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex
    from ndmem.model.cluster import WorkerFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskGroup:
    """Tasks whose keys begin alike, on all workers, with everything they called.

    Attributes
    ----------
    name : str
        The beginning of their keys; in parentheses if no task allocated it: communication, zarr's input and output, and
        code outside of tasks.
    tasks : int
        Number of tasks that were started.
    workers : int
        Number of workers on which they allocated arrays.
    share : float or None
        Their part of the live bytes at the moment of the table, 0 to 1; ``None`` if nothing was live then.
    at_peak_nbytes : int
        Bytes of their arrays live at the peak of each worker, summed.
    kept_nbytes, total_nbytes, count : int
        Bytes of their arrays live at the end, bytes and number of all their arrays.
    """

    name: str
    tasks: int
    workers: int
    share: float | None
    at_peak_nbytes: int
    kept_nbytes: int
    total_nbytes: int
    count: int


@fact
def task_table(index: TraceIndex, *, moment: Moment = Moment.PEAK) -> tuple[TaskGroup, ...]:
    """Compute the figures of each task group; most bytes live at the moment first. Empty without a cluster."""
    trace = index.trace
    if trace.cluster is None:
        return ()
    tree, tallies, sites = trace.tree, trace.tallies, trace.sites
    marked = np.array([site.filename == TASKS_FILE for site in sites], np.bool_)[tree.site]
    nearest = nearest_marked(tree.parent, tree_levels(index), marked)
    columns = (tallies.at_peak, tallies.live, tallies.total, tallies.count)
    sums: dict[str, list[int]] = {name: [0] * len(columns) for name in trace.cluster.tasks}
    workers: dict[str, set[int]] = {}
    for node in np.flatnonzero((tallies.count > 0) & (nearest >= 0)).tolist():
        frame = int(nearest[node])
        name = sites[tree.site[frame]].function
        row = sums.setdefault(name, [0] * len(columns))
        for i, column in enumerate(columns):
            row[i] += int(column[node])
        workers.setdefault(name, set()).add(int(tree.parent[frame]))
    whole = nbytes_at(trace, moment)
    groups = [
        TaskGroup(
            name=name,
            tasks=trace.cluster.tasks.get(name, 0),
            workers=len(workers.get(name, ())),
            share=(at_peak if moment is Moment.PEAK else kept) / whole if whole else None,
            at_peak_nbytes=at_peak,
            kept_nbytes=kept,
            total_nbytes=total,
            count=count,
        )
        for name, (at_peak, kept, total, count) in sums.items()
    ]
    return tuple(sorted(groups, key=lambda each: (-(each.share or 0.0), -each.total_nbytes, each.name)))


@fact
def worker_table(index: TraceIndex) -> tuple[WorkerFigures, ...]:
    """Return the workers, highest peak first, those that were not tracked last. Empty without a cluster."""
    workers = () if index.trace.cluster is None else index.trace.cluster.workers
    return tuple(sorted(workers, key=lambda each: (each.problem is not None, -each.peak_nbytes, each.name)))
