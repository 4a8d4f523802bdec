"""The process of a run that has most memory, where that is not the program itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndmem.analysis.background import own_native_nbytes
from ndmem.analysis.index import TraceIndex, fact
from ndmem.analysis.over_time.processes import member_indexes, process_tree

from .total import find_total

if TYPE_CHECKING:
    from ndmem.analysis.over_time.processes import ProcessFigures

_FACTOR = 2
"""A child speaks for the run if it has more than this many times what the program has."""


@dataclass(frozen=True, slots=True)
class Lead:
    """Child process that has most of a run's memory.

    Attributes
    ----------
    index : TraceIndex
        The process.
    process : ProcessFigures
        Its figures.
    """

    index: TraceIndex
    process: ProcessFigures


@fact
def find_lead(index: TraceIndex) -> Lead | None:
    """Find the child process whose memory is the answer of a run: the program only starts or directs it.

    Returns
    -------
    Lead or None
        The process with most memory of its own lines, arrays or native; ``None`` if the program itself has at least
        half as much.
    """
    if len(index.family.members) < 2:
        return None
    indexes = member_indexes(index)
    most = max(indexes, key=own_nbytes)
    if own_nbytes(most) <= _FACTOR * own_nbytes(index):
        return None
    run = most.trace.run
    known = {(process.pid, process.program, process.peak_nbytes): process for process in process_tree(index).processes}
    return Lead(most, known[run.pid, run.program, int(most.trace.peak.nbytes)])


def own_nbytes(index: TraceIndex) -> int:
    """Return the memory of a process that its lines can change, at its highest."""
    total = find_total(index)
    return max(index.trace.peak.nbytes, own_native_nbytes(index), 0 if total is None else total.foreign_nbytes)
