"""Answer of a run: the first sentence of every report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.answer.subject import Kind, find_subject
from ndmem.analysis.file_names import base_name
from ndmem.analysis.moment import Moment
from ndmem.units import format_nbytes

from .arrays import write_arrays
from .native import write_native
from .process_name import describe_child

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndmem.analysis.index import TraceIndex


def answer_sentence(
    index: TraceIndex, moment: Moment = Moment.PEAK, *, name_file: Callable[[str], str] = base_name
) -> str:
    """Write how much memory a run used, what it consists of, which line allocated it, and where the peak was reached.

    It speaks of the arrays or of the native memory, whichever is more at the total peak, and of the process that has
    most.

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
    subject = find_subject(index, moment)
    process = "" if subject.child is None else f" in {describe_child(subject.child)}"
    if subject.kind is Kind.NATIVE:
        return write_native(subject.index, name_file, process)
    if not subject.index.trace.peak.nbytes:
        return _write_nothing(subject.index)
    return write_arrays(subject.index, moment, name_file, process=process)


def _write_nothing(index: TraceIndex) -> str:
    """Write why a run has no arrays, and in the same sentence what else it used."""
    trace = index.trace
    why = "the program never imported NumPy" if trace.run.numpy is None else "no array was allocated"
    if trace.total is None or not trace.total.nbytes:
        return f"No array memory: {why}"
    return f"No array memory: {why}; native memory: at most {format_nbytes(trace.total.nbytes)}"
