"""Line table of all processes of a run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ndmem.analysis.index import fact
from ndmem.analysis.moment import Moment, nbytes_at
from ndmem.analysis.over_time.processes import member_indexes

from .figures import NativeFigures, importance
from .lines import Line, line_table
from .selection import find_imports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ndmem.analysis.index import TraceIndex


@fact
def merged_lines(index: TraceIndex, *, library: bool = False, moment: Moment = Moment.PEAK) -> tuple[Line, ...]:
    """Compute the line table of all processes together.

    Parameters and order are those of `line_table`. Lines that only import modules are left out.

    Returns
    -------
    tuple of Line
        Bytes and counts of a line are summed over the processes, each at its own peak, which need not be at one
        moment; ``peak_nbytes`` and ``temporary_nbytes`` are the highest of one process.
    """
    indexes = member_indexes(index)
    whole = sum(nbytes_at(each.trace, moment) for each in indexes)
    found: dict[tuple[str, int], list[Line]] = {}
    for each in indexes:
        imports = find_imports(each, moment).places
        for line in line_table(each, library=library, moment=moment):
            if (line.filename, line.lineno) not in imports:
                found.setdefault((line.filename, line.lineno), []).append(line)
    lines = [_merge(same, whole, moment) for same in found.values()]
    return tuple(sorted(lines, key=lambda line: (*importance(line), line.filename, line.lineno)))


def _merge(lines: list[Line], whole: int, moment: Moment) -> Line:
    def total(name: str) -> int:
        return sum(getattr(line, name) or 0 for line in lines)

    at_moment = total("at_peak_nbytes" if moment is Moment.PEAK else "kept_nbytes")
    return replace(
        lines[0],
        at_peak_nbytes=total("at_peak_nbytes"),
        kept_nbytes=total("kept_nbytes"),
        total_nbytes=total("total_nbytes"),
        count=total("count"),
        own_nbytes=total("own_nbytes"),
        source=next((line.source for line in lines if line.source is not None), None),
        share=at_moment / whole if whole else None,
        peak_nbytes=_highest(line.peak_nbytes for line in lines),
        temporary_nbytes=_highest(line.temporary_nbytes for line in lines),
        at_total_peak_nbytes=_combine(sum, (line.at_total_peak_nbytes for line in lines)),
        foreign=_merge_native([line.foreign for line in lines if line.foreign is not None]),
        native=_merge_native([line.native for line in lines if line.native is not None]),
    )


def _merge_native(figures: list[NativeFigures]) -> NativeFigures | None:
    if not figures:
        return None
    return NativeFigures(
        peak_nbytes=_highest(each.peak_nbytes for each in figures),
        at_total_peak_nbytes=sum(each.at_total_peak_nbytes for each in figures),
        temporary_nbytes=_highest(each.temporary_nbytes for each in figures),
        kept_nbytes=sum(each.kept_nbytes for each in figures),
        total_nbytes=sum(each.total_nbytes for each in figures),
        count=sum(each.count for each in figures),
    )


def _highest(values: Iterable[int | None]) -> int | None:
    return _combine(max, values)


def _combine(function: Callable[[list[int]], int], values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return function(known) if known else None
