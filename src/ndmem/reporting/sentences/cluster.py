"""The workers of a cluster in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.answer.answer import find_answer
from ndmem.analysis.moment import Moment, nbytes_at
from ndmem.analysis.tables.cluster import task_table, worker_table
from ndmem.model.cluster import TASKS_FILE, WorkerState
from ndmem.units import format_nbytes

from .places import place_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndmem.analysis.index import TraceIndex
    from ndmem.model.cluster import Cluster


def write_cluster(index: TraceIndex, cluster: Cluster, moment: Moment, name_file: Callable[[str], str]) -> str:
    """Write how much memory the arrays of the workers took, which line allocated most of it, and in which tasks."""
    trace, workers = index.trace, [each for each in worker_table(index) if each.state is not WorkerState.UNTRACKED]
    total = nbytes_at(trace, moment)
    count = f"{len(workers):,} worker process{'' if len(workers) == 1 else 'es'}"
    if not workers:
        return "No worker was tracked"
    if not total:
        return f"No array memory{'' if moment is Moment.PEAK else ' at the end'} in {count}"
    if moment is Moment.END:
        start = f"{format_nbytes(total)} alive at the end in {count}"
    elif len(workers) == 1:
        start = f"Peak {format_nbytes(total)} in {count}"
    else:
        start = (
            f"Peaks of {count}: {format_nbytes(total)} summed, at most {format_nbytes(cluster.at_once_nbytes)} at one "
            f"moment, at most {format_nbytes(workers[0].peak_nbytes)} in one (worker {workers[0].name})"
        )
    return start + _write_parts(index, moment, name_file)


def _write_parts(index: TraceIndex, moment: Moment, name_file: Callable[[str], str]) -> str:
    largest, group = find_answer(index, moment).largest, task_table(index, moment=moment)[0]
    text = ""
    if largest is not None and largest.site.filename == TASKS_FILE:
        text = f": {format_nbytes(largest.nbytes)} allocated by libraries in `{largest.function}`"
    elif largest is not None:
        text = f": {format_nbytes(largest.nbytes)} allocated{place_text(largest.site, largest.function, name_file)}"
    nbytes = group.at_peak_nbytes if moment is Moment.PEAK else group.kept_nbytes
    kind = "tasks " if group.tasks else ""
    return f"{text}; most in {kind}`{group.name}`: {format_nbytes(nbytes)}"


def dashboard_sentence(cluster: Cluster) -> str | None:
    """Write where Dask's own dashboard is; ``None`` if there is none."""
    return f"Dask's dashboard, which shows more about tasks: {cluster.dashboard}" if cluster.dashboard else None
