"""Headline of a run as data: which process and which kind of memory its first sentence is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndmem.analysis.index import fact

from .answer import Largest, find_answer, find_largest
from .kind import Kind
from .mapped import find_mapped
from .subject import find_subject
from .total import find_total, live_foreign

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
        Kind of memory.
    nbytes : int
        Bytes at its peak: of its arrays, of its mapped files, or else of all that is tracked.
    phase : Phase or None
        What the process did when it reached the peak; ``None`` for mapped files, which have no part in it.
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
    phase: Phase | None
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
    index, kind, trace = subject.index, subject.kind, subject.index.trace
    if kind is Kind.NATIVE:
        return _headline_native(index)
    if kind is Kind.MAPPED:
        mapped = find_mapped(index)
        assert mapped is not None
        return _headline_arrays(index, kind, mapped.nbytes, mapped.largest, phase=None, reached_at=None)
    if kind is Kind.FOREIGN:
        total = find_total(index)
        assert total is not None
        largest = find_largest(index, live_foreign(index))
        return _headline_arrays(index, kind, total.nbytes, largest, phase=total.phase, reached_at=total.site)
    if not trace.peak.nbytes:
        return None
    answer = find_answer(index)
    return _headline_arrays(index, kind, answer.nbytes, answer.largest, phase=answer.phase, reached_at=answer.site)


def _headline_native(index: TraceIndex) -> Headline:
    total = find_total(index)
    assert total is not None
    largest = next((share for share in total.shares if share.is_own), None)
    # The blocks of a share without a site have an origin in common, and several lines.
    of_line = largest if largest is not None and largest.site is not None else None
    return Headline(
        pid=index.trace.run.pid,
        kind=Kind.NATIVE,
        nbytes=total.nbytes,
        phase=total.phase,
        reached_at=total.site,
        line_nbytes=total.line_nbytes or None if of_line is None else of_line.nbytes,
        allocated_at=total.line_site if of_line is None else of_line.site,
        expression=of_line.text if of_line is not None and of_line.is_code else None,
        holders=(),
    )


def _headline_arrays(
    index: TraceIndex, kind: Kind, nbytes: int, line: Largest | None, *, phase: Phase | None, reached_at: Site | None
) -> Headline:
    return Headline(
        pid=index.trace.run.pid,
        kind=kind,
        nbytes=nbytes,
        phase=phase,
        reached_at=reached_at,
        line_nbytes=None if line is None else line.nbytes,
        allocated_at=None if line is None else line.site,
        expression=None if line is None else line.expression,
        holders=() if line is None else tuple(holder.name for holder in line.holders),
    )
