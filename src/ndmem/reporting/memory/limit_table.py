"""The memory limits of a process: as a phrase, as a table of text, and as one of HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.reporting.html.fragment import Column, write_fragment, write_table
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from ndmem.platform.limits.machine_limits import Limit, Limits

_COLUMNS = (
    ("set by", Column.TEXT),
    ("limit", Column.FIGURE),
    ("free", Column.FIGURE),
    ("beyond it", Column.TEXT),
    ("read from", Column.TEXT),
)


def count_free(limits: Limits) -> str:
    """Write how much is free below the limit that binds first."""
    binding = limits.binding
    if binding is None or binding.free is None:
        return "no memory limit could be determined"
    return f"{format_nbytes(binding.free)} free of {format_nbytes(binding.nbytes)} ({binding.source.value})"


def write_limits(limits: Limits) -> str:
    """Write the limits as a table of text, an arrow before the one that binds first, and a line for each note."""
    heads = tuple(head for head, _ in _COLUMNS)
    marked = [(" ", *heads), *(("→" if limit is limits.binding else " ", *_row(limit)) for limit in limits.all)]
    # The last column is not padded: a line would end with spaces.
    widths = [max(len(row[column]) for row in marked) for column in range(len(heads))]
    lines = ["  ".join([*map(str.ljust, row, widths), row[-1]]) for row in marked]
    return "\n".join([*lines, *(f"note: {note}" for note in limits.notes)])


def tabulate_limits(limits: Limits) -> str:
    """Write the limits as HTML, for notebooks; the one that binds first is the first row."""
    text = count_free(limits)
    table = write_table(_COLUMNS, [_row(limit) for limit in limits.all])
    return write_fragment(table, headline=[f"{text[:1].upper()}{text[1:]}."], remarks=limits.notes)


def _row(limit: Limit) -> tuple[str, ...]:
    return (
        limit.source.value,
        format_nbytes(limit.nbytes),
        "unknown" if limit.free is None else format_nbytes(limit.free),
        limit.effect.value,
        limit.name,
    )
