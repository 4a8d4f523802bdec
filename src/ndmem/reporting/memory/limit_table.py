"""The memory limits of a process: as a phrase, and as an HTML table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.reporting.html.fragment import Column, write_fragment, write_table
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from ndmem.platform.limits.machine_limits import Limits

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


def tabulate_limits(limits: Limits) -> str:
    """Write the limits as HTML, for notebooks; the one that binds first is the first row."""
    rows = [
        (
            limit.source.value,
            format_nbytes(limit.nbytes),
            "unknown" if limit.free is None else format_nbytes(limit.free),
            limit.effect.value,
            limit.name,
        )
        for limit in limits.all
    ]
    text = count_free(limits)
    return write_fragment(
        write_table(_COLUMNS, rows), headline=[f"{text[:1].upper()}{text[1:]}."], remarks=limits.notes
    )
