"""Differences between two runs, as text."""

from __future__ import annotations

import enum
from typing import IO, TYPE_CHECKING

from ndmem.analysis.diff import SHOWN_DIFFERENCES, ArrayGroup, select_changes
from ndmem.analysis.file_names import base_name
from ndmem.analysis.tables.lines import Line
from ndmem.reporting.paths import file_names
from ndmem.reporting.plain import plain
from ndmem.reporting.text.tables.figure_columns import UNKNOWN
from ndmem.units import format_nbytes

from .console import printing_to

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from ndmem.analysis.diff import AnyChange, Diff, Growth
    from ndmem.model.trace import RunInfo
    from ndmem.reporting.paths import FileNames


class DiffBy(enum.Enum):
    """Row type of a comparison."""

    LINE = "line"
    FUNCTION = "function"
    BUFFER = "buffer"


# Beside the bytes at the peak, which have three columns: before, after and the difference.
_FIGURES = {name.removesuffix("_nbytes"): name for name in SHOWN_DIFFERENCES if name != "own_nbytes"}
_GAP = 1
_SHORTEST = 12


def write_diff_text(
    diff: Diff,
    run: RunInfo,
    stream: IO[str],
    *,
    by: DiffBy = DiffBy.LINE,
    rows: int | None = 20,
    width: int | None = None,
    folder: str | None = None,
) -> None:
    """Write the differences between two runs.

    ``run`` is the later run, whose file names are shown. At most ``rows`` rows are shown and the others counted;
    ``width`` is that of the terminal, or 80, if it is not given. Colours and ``folder`` are as in `write_text`.
    """
    from rich.text import Text

    names = file_names(run, folder=folder)
    changes: dict[DiffBy, Sequence[AnyChange]] = {
        DiffBy.LINE: diff.lines,
        DiffBy.FUNCTION: diff.functions,
        DiffBy.BUFFER: diff.buffers,
    }
    with printing_to(stream, width) as console:
        console.print(Text("\n".join(totals_sentences(diff)), "bold"))
        shown = select_changes(changes[by])
        if shown:
            console.print()
            console.print(_lay_out_changes(shown, names, limit=rows, width=console.width))
        if others := len(changes[by]) - len(shown):
            console.print(Text(count_others(others, by), "dim"))


def totals_sentences(diff: Diff) -> list[str]:
    """Write how the whole program changed, one sentence for each figure."""
    if diff.is_empty:
        return ["No difference: every figure is the same in both runs."]
    named = {
        "Peak": diff.peak,
        "Including native memory": diff.total_peak,
        "Alive at the end": diff.live,
        "In total": diff.total,
    }
    return [
        f"{name}: {write_growth(growth)}."
        for name, growth in named.items()
        if (growth.before, growth.after) not in {(0, 0), (None, None)}
    ]


def write_growth(growth: Growth) -> str:
    """Write a figure of two runs: ``592 MiB, then 480 MiB: 112 MiB less (-19 %)``."""
    before, after = (UNKNOWN if each is None else format_nbytes(each) for each in (growth.before, growth.after))
    difference = growth.difference
    if difference is None:
        return f"{before}, then {after}: it was not measured in both"
    if not difference:
        return f"{after} in both"
    part = f" ({100 * difference / growth.before:+.3g} %)" if growth.before else ""
    more = "more" if difference > 0 else "less"
    return f"{before}, then {after}: {format_nbytes(abs(difference))} {more}{part}"


def count_others(count: int, by: DiffBy) -> str:
    """Write how many rows are left out, because no figure of the table changed."""
    what = by.value if count == 1 else f"{by.value}s"
    return f"{count:,} other {what}: no change in these figures."


def _lay_out_changes(changes: Sequence[AnyChange], names: FileNames, *, limit: int | None, width: int) -> Table:
    from rich.table import Table
    from rich.text import Text

    shown = changes[:limit]
    buffers = isinstance(changes[0].row, ArrayGroup)
    headings = ["change", "before", "after", *([] if buffers else _FIGURES)]
    cells = [_write_cells(change) for change in shown]
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for heading, column in zip(headings, zip(headings, *cells, strict=True), strict=True):
        needed = max(map(len, column))
        table.add_column(heading, justify="right", no_wrap=True, min_width=needed)
        width -= needed + _GAP
    # A narrow terminal cuts the source text, never a figure.
    table.add_column("arrays at the peak", no_wrap=True, overflow="ellipsis", max_width=max(width, _SHORTEST))
    filename = None
    for change, figures in zip(shown, cells, strict=True):
        if change.row.filename != filename:
            filename = change.row.filename
            place = names.short_place(filename, None)
            if change.before is not None and change.has_moved:
                place = f"{place} (was {plain(base_name(change.before.filename))})"
            table.add_row(*[""] * len(headings), Text(place, "cyan"))
        table.add_row(*figures, _describe_row(change))
    if len(shown) < len(changes):
        table.add_row(*[""] * len(headings), Text(f"… and {len(changes) - len(shown):,} more", "dim"))
    return table


def _write_cells(change: AnyChange) -> list[str]:
    if isinstance(change.row, ArrayGroup):
        figure, others = "nbytes", {}
    else:
        figure, others = "own_nbytes", _FIGURES
    sides = ["" if row is None else format_nbytes(getattr(row, figure)) for row in (change.before, change.after)]
    differences = [signed_nbytes(change.difference(each)) for each in (figure, *others.values())]
    return [differences[0], *("-" if side == "0 B" else side for side in sides), *differences[1:]]


def signed_nbytes(nbytes: int | None) -> str:
    """Write a difference with its sign; a dash for zero."""
    if nbytes is None:
        return UNKNOWN
    return f"{'+' if nbytes > 0 else ''}{format_nbytes(nbytes)}" if nbytes else "-"


def _describe_row(change: AnyChange) -> str:
    """Write the line and text of a row, and whether only one run has it or its line number changed."""
    row, before, after = change.row, change.before, change.after
    number = f"{row.lineno or '-'}"
    if before is not None and after is not None and before.lineno != after.lineno:
        number = f"{before.lineno or '-'}→{number}"
    mark = "new: " if before is None else "gone: " if after is None else ""
    if isinstance(row, Line):
        text = row.source or f"in {row.function}"
    elif isinstance(row, ArrayGroup):
        held = f"{row.name} = " if row.name else ""
        counts = sorted({side.count for side in (before, after) if isinstance(side, ArrayGroup)})
        many = f"{' or '.join(f'{count:,}' for count in counts)} x " if counts != [1] else ""
        text = f"{many}{held}{row.text or f'in {row.function}'}"
    else:
        text = row.function
    return plain(f"{number} {mark}{text}")
