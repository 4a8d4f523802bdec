"""What looks like a leak and is none, in sentences with their figures; only what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.over_time.not_leaked import find_not_leaked
from ndmem.model.trace import Origin
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ndmem.analysis.index import TraceIndex
    from ndmem.analysis.over_time.not_leaked import ResidentGrowth
    from ndmem.model.advice.finding import Finding

_OF_GARBAGE = frozenset({"NM606", "NM607"})


def not_leaked_sentences(index: TraceIndex, *, garbage: bool = True) -> Iterator[str]:
    """Yield a sentence for each thing that looks like a leak at the end of a run and is none, of garbage if asked."""
    found = find_not_leaked(index)
    if found.garbage is not None and garbage:
        arrays = f"{found.garbage.count:,} array{'' if found.garbage.count == 1 else 's'}"
        yield (
            f"Not a leak: {format_nbytes(found.garbage.nbytes)} in {arrays} is garbage in cycles of references, which "
            "Python's garbage collector frees when it next runs."
        )
    if found.resident is not None:
        yield _write_growth(found.resident)
    if found.unwritten_nbytes:
        yield (
            f"Not in memory: {format_nbytes(found.unwritten_nbytes)} of the live bytes, zeros that nothing has written "
            "yet; resident memory grows when something does."
        )
    if found.mapped_nbytes:
        yield (
            f"Not a leak: {format_nbytes(found.mapped_nbytes)} of files are mapped at the end; their pages are the "
            "system's cache, which it takes back when it needs memory."
        )


def not_leaked_beside(index: TraceIndex, findings: Sequence[Finding]) -> tuple[str, ...]:
    """Return the sentences that belong beside some findings, for a finding about garbage says that part already."""
    if index.trace.origin is Origin.PREDICTED or index.trace.dropped:
        return ()
    return tuple(not_leaked_sentences(index, garbage=not any(each.rule in _OF_GARBAGE for each in findings)))


def _write_growth(found: ResidentGrowth) -> str:
    what = "arrays and native blocks" if found.with_native else "arrays"
    causes = []
    if found.freed_nbytes:
        causes.append(f"malloc keeps of the {format_nbytes(found.freed_nbytes)} that were freed in between")
    if found.untouched_nbytes:
        zeros = format_nbytes(found.untouched_nbytes)
        causes.append(f"was written for the first time, of {zeros} of zeros that were not in memory at first")
    causes.append("other code and Python's small objects take")
    return (
        f"Not a leak of {what}: resident memory grew from {format_nbytes(found.start_nbytes)} at {found.start_s:.3g} s "
        f"to {format_nbytes(found.end_nbytes)} at the end, while live {what} went from "
        f"{format_nbytes(found.live_start_nbytes)} to {format_nbytes(found.live_end_nbytes)}. The rest is what "
        f"{', or what '.join(causes)}."
    )
