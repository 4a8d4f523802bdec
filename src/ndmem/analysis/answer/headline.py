"""Headline of a run as data: which process and which kind of memory its first sentence is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndmem.analysis.index import fact

from .answer import find_answer
from .subject import Kind, find_subject
from .total import find_total

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex
    from ndmem.model.site import Site

    from .phase import Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """What the first sentence about a run says.

    Attributes
    ----------
    pid : int
        The process with most memory.
    kind : Kind
        Arrays or native memory.
    nbytes : int
        Bytes at its peak: of its arrays, or of both together where it is about native memory.
    phase : Phase
        What the process did when it reached the peak.
    reached_at : Site or None
        The line that reached it.
    line_nbytes : int or None
        Bytes of that peak that one line allocated, of the kind; ``None`` if that is unknown.
    allocated_at : Site or None
        That line: the one with most.
    expression : str or None
        The expression that allocated them, if it was one.
    holders : tuple of str
        What holds the arrays of the line.
    """

    pid: int
    kind: Kind
    nbytes: int
    phase: Phase
    reached_at: Site | None
    line_nbytes: int | None
    allocated_at: Site | None
    expression: str | None
    holders: tuple[str, ...]


@fact
def find_headline(index: TraceIndex) -> Headline | None:
    """Find what the first sentence about a run says; ``None`` if there were no arrays and no other memory to speak of.

    Raises
    ------
    TraceError
        If the trace's call tree is damaged.
    """
    subject = find_subject(index)
    index, trace = subject.index, subject.index.trace
    if subject.kind is Kind.NATIVE:
        total = find_total(index)
        assert total is not None
        largest = next((share for share in total.shares if share.is_own), None)
        return Headline(
            pid=trace.run.pid,
            kind=Kind.NATIVE,
            nbytes=total.nbytes,
            phase=total.phase,
            reached_at=total.site,
            line_nbytes=None if largest is None else largest.nbytes,
            allocated_at=None if largest is None else largest.site,
            expression=largest.text if largest is not None and largest.is_code else None,
            holders=(),
        )
    if not trace.peak.nbytes:
        return None
    answer = find_answer(index)
    line = answer.largest
    return Headline(
        pid=trace.run.pid,
        kind=Kind.ARRAYS,
        nbytes=answer.nbytes,
        phase=answer.phase,
        reached_at=answer.site,
        line_nbytes=None if line is None else line.nbytes,
        allocated_at=None if line is None else line.site,
        expression=None if line is None else line.expression,
        holders=() if line is None else line.holders,
    )
