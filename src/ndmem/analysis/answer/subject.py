"""What the first sentences of a run are about: which process, and which kind of its memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndmem.analysis.index import TraceIndex, fact
from ndmem.analysis.moment import Moment

from .kind import Kind, leading_kind
from .lead import find_lead

if TYPE_CHECKING:
    from ndmem.analysis.over_time.processes import ProcessFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Process and kind of memory that a run's answer, headline and total speak of.

    Attributes
    ----------
    index : TraceIndex
        The process with most memory.
    child : ProcessFigures or None
        Its figures, if it is a child process; ``None`` for the program itself.
    kind : Kind
        The kind of which the process had most.
    """

    index: TraceIndex
    child: ProcessFigures | None
    kind: Kind


@fact
def find_subject(index: TraceIndex, moment: Moment = Moment.PEAK) -> Subject:
    """Choose what the sentences about a run are about; of the end they tell only arrays.

    Raises
    ------
    TraceError
        If the trace's call tree is damaged.
    """
    lead = find_lead(index)
    leading = index if lead is None else lead.index
    return Subject(
        index=leading,
        child=None if lead is None else lead.process,
        kind=leading_kind(leading) if moment is Moment.PEAK else Kind.ARRAYS,
    )
