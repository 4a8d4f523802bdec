"""What grows from call to call, as text and as HTML for notebooks."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ndmem.notebook_cells import name_cell
from ndmem.reporting.html.fragment import Column, write_fragment, write_table
from ndmem.reporting.plain import plain
from ndmem.reporting.relative_path import shorten_path
from ndmem.reporting.sentences.holder_words import describe_holder
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ndmem.model.advice.leak import CallGrowth, Leak

_MOST_HOLDERS = 3
_LEAST_RESIDENT = 2**20
"""Growth of resident memory, in bytes a call, that is worth a sentence: below it, it is noise."""

_COLUMNS = (
    ("each call", Column.FIGURE),
    ("in all", Column.FIGURE),
    ("allocated at", Column.CODE),
    ("kept by", Column.TEXT),
)


def list_leaks(leaks: Sequence[Leak], growth: CallGrowth) -> str:
    """Write what each call leaves behind: a sentence, then a paragraph for each expression."""
    lines = [f"{summarize_leaks(leaks, growth)}."]
    for leak in leaks:
        lines += [
            plain(f"{format_nbytes(leak.nbytes_per_call)} each call: {_place(leak)}"),
            f"  {plain(_describe_count(leak))}, {plain(_describe_holders(leak))}",
        ]
    return "\n".join([*lines, *explain_resident(growth)])


def tabulate_leaks(leaks: Sequence[Leak], growth: CallGrowth) -> str:
    """Write the same as HTML."""
    rows = [
        (format_nbytes(leak.nbytes_per_call), format_nbytes(leak.nbytes), _place(leak), _describe_holders(leak))
        for leak in leaks
    ]
    table = write_table(_COLUMNS, rows) if rows else ""
    return write_fragment(table, headline=[f"{summarize_leaks(leaks, growth)}."], remarks=explain_resident(growth))


def summarize_leaks(leaks: Sequence[Leak], growth: CallGrowth) -> str:
    """Write in one sentence, without its period, how much a call leaves behind."""
    calls = len(growth.live_nbytes)
    measured = f"{calls} call{'' if calls == 1 else 's'}"
    kept = [leak for leak in leaks if not leak.is_cycle]
    cycles = [leak for leak in leaks if leak.is_cycle]
    parts = []
    if kept:
        parts.append(f"{format_nbytes(sum(leak.nbytes_per_call for leak in kept))} of arrays stay after each call")
    if cycles:
        nbytes = format_nbytes(sum(leak.nbytes_per_call for leak in cycles))
        parts.append(f"{nbytes} stay in reference cycles until the garbage collector runs")
    return f"{', and '.join(parts) or 'No arrays stay again for each call'} (measured in {measured})"


def explain_resident(growth: CallGrowth) -> list[str]:
    """Say what it means if resident memory grows and the arrays do not; nothing if that is not so."""
    resident = growth.resident_nbytes
    if resident is None:
        return ["Resident memory could not be read."]
    calls = len(growth.live_nbytes)
    grown = (resident[-1] - resident[0]) // calls
    arrays = growth.live_nbytes[-1] // calls
    if grown - arrays < _LEAST_RESIDENT:
        return []
    return [
        f"Resident memory grew by {format_nbytes(grown)} each call, of which arrays are {format_nbytes(arrays)}. The "
        "rest is not arrays: memory of other code, freed memory that malloc keeps, or zeros that were written for the "
        "first time. `ndmem.breakdown()` tells which."
    ]


def _place(leak: Leak) -> str:
    place = f"{shorten_path(name_cell(leak.site.filename))}:{leak.site.lineno} in {leak.site.function}"
    return f"{place}: `{leak.expression}`" if leak.expression else place


def _describe_count(leak: Leak) -> str:
    arrays = f"{leak.count:,} array{'' if leak.count == 1 else 's'}, {format_nbytes(leak.nbytes)}"
    return f"{arrays}, the oldest {leak.oldest} call{'' if leak.oldest == 1 else 's'} old"


def _describe_holders(leak: Leak) -> str:
    counts = Counter(map(describe_holder, leak.holders)).most_common()
    if leak.is_cycle:
        owners = ", ".join(f"`{name}`" for name in dict.fromkeys(leak.holders))
        return f"kept by a cycle of references with {owners}" if owners else "kept by a cycle of references"
    if not counts:
        return "kept by something outside Python's objects, or too far from any variable"
    words = [name for name, _ in counts[:_MOST_HOLDERS]]
    more = len(counts) - len(words)
    return f"kept by {', '.join(words)}{f' and {more} more' if more else ''}"
