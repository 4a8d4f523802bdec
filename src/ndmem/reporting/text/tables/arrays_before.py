"""Table of the arrays that existed when recording began in a running program, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.reporting.plain import plain
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from rich.table import Table

    from ndmem.model.arrays_before import ArraysBefore


def make_before_table(before: ArraysBefore, *, limit: int | None) -> Table | None:
    """Lay out the arrays from before, largest first; the others are one row. ``None`` if there are none."""
    if not before.count:
        return None
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("nbytes", justify="right", no_wrap=True)
    table.add_column("array", no_wrap=True)
    table.add_column("held by", overflow="fold")
    shown = before.arrays[:limit]
    for each in shown:
        holder = plain(each.holder) or "(holder unknown)"
        table.add_row(format_nbytes(each.nbytes), plain(f"{each.dtype} {each.shape}"), holder)
    if before.count > len(shown):
        rest = before.nbytes - sum(each.nbytes for each in shown)
        table.add_row(format_nbytes(rest), f"… and {before.count - len(shown):,} more", "")
    return table
