"""Answer of a run: the first sentence of every report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.answer.kind import Kind
from ndmem.analysis.answer.subject import find_subject
from ndmem.analysis.file_names import base_name
from ndmem.analysis.moment import Moment
from ndmem.units import format_nbytes

from .arrays import write_arrays
from .cluster import write_cluster
from .foreign import write_foreign
from .mapped import write_mapped
from .native import write_native
from .process_name import describe_child

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndmem.analysis.index import TraceIndex
    from ndmem.analysis.over_time.processes import ProcessFigures
    from ndmem.analysis.ranks.job import Job


def answer_sentence(
    index: TraceIndex, moment: Moment = Moment.PEAK, *, name_file: Callable[[str], str] = base_name
) -> str:
    """Write how much memory a run used, what it consists of, which line allocated it, and where the peak was reached.

    It speaks of the arrays, of those over memory that NumPy did not allocate, of the native memory, or of the mapped
    files, whichever is most, and of the process that has most.

    Parameters
    ----------
    index, moment
        As for `find_answer`.
    name_file : callable
        Returns the name to show for a file; by default the last part of its path.

    Returns
    -------
    str
        Such as ``Peak 635 MiB: 600 MiB are 3 arrays of 200 MiB allocated at pipeline.py:42 in normalise, including one
        temporary of `x - mean`; reached on that line``.

    Raises
    ------
    TraceError
        If the trace's call tree is damaged.
    """
    if index.trace.cluster is not None:
        return write_cluster(index, index.trace.cluster, moment, name_file)
    subject = find_subject(index, moment)
    job, index, kind = index.job, subject.index, subject.kind
    process = _write_process(subject.child, job)
    if kind is Kind.MAPPED:
        return write_mapped(index, name_file, process)
    if kind is Kind.FOREIGN:
        return write_foreign(index, name_file, process)
    if kind is Kind.NATIVE:
        return write_native(index, name_file, process)
    if not index.trace.peak.nbytes:
        return _write_nothing(index)
    return write_arrays(index, moment, name_file, process=process)


def _write_process(child: ProcessFigures | None, job: Job | None) -> str:
    """Write which process a sentence is about, with a leading space; an empty text for the program of the only rank."""
    rank = "" if job is None else f"rank {job.leader.rank.number:,}"
    if child is None:
        return f" in {rank}" if rank else ""
    return f" in {describe_child(child)}{f' of {rank}' if rank else ''}"


def _write_nothing(index: TraceIndex) -> str:
    """Write why a run has no arrays, and in the same sentence what else it used."""
    trace = index.trace
    why = "the program never imported NumPy" if trace.run.numpy is None else "no array was allocated"
    if trace.total is None or not trace.total.nbytes:
        return f"No array memory: {why}"
    return f"No array memory: {why}; native memory: at most {format_nbytes(trace.total.nbytes)}"
