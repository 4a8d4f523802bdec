"""What is different between two runs as a report for people."""

from __future__ import annotations

import enum
from typing import IO, TYPE_CHECKING

from ndmem.analysis.diff import ArrayGroup, Change
from ndmem.analysis.lines import Line
from ndmem.units import format_nbytes

from .figure_table import UNKNOWN
from .paths import file_names
from .plain import encodable, plain
from .text import open_console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from ndmem.analysis.diff import Diff, Growth
    from ndmem.analysis.functions import Function
    from ndmem.model.trace import RunInfo

    from .paths import FileNames

    AnyChange = Change[Line] | Change[Function] | Change[ArrayGroup]


class DiffBy(enum.Enum):
    """What the rows of a comparison are."""

    LINE = "line"
    FUNCTION = "function"
    BUFFER = "buffer"


_FIGURES = {"temporary": "temporary_nbytes", "kept": "kept_nbytes", "total": "total_nbytes"}
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
    """Write what is different between two runs.

    Parameters
    ----------
    diff : Diff
        The differences.
    run : RunInfo
        The later run, whose files are named.
    stream : text stream
        Where to; colours only if it is a terminal and ``NO_COLOR`` is not set.
    by : DiffBy
        Rows are lines, functions, or arrays alive at the peak.
    rows : int or None
        Show at most so many rows and count the others; ``None`` for all.
    width : int or None
        Columns to fit into; those of the terminal, or 80, if not given.
    folder : str or None
        Folder that files are named relative to; the working folder if not given.

    Raises
    ------
    OSError
        If the stream cannot be written.
    """
    from rich.text import Text  # noqa: PLC0415  # costs 50 ms: only who renders pays

    names = file_names(run, folder=folder)
    changes: dict[DiffBy, Sequence[AnyChange]] = {
        DiffBy.LINE: diff.lines,
        DiffBy.FUNCTION: diff.functions,
        DiffBy.BUFFER: diff.buffers,
    }
    console = open_console(stream, width)
    with console.capture() as capture:
        console.print(Text("\n".join(say_totals(diff)), "bold"))
        if shown := changes[by]:
            console.print()
            console.print(_make_table(shown, names, limit=rows, width=console.width))
    text = "".join(f"{line.rstrip()}\n" for line in capture.get().rstrip().split("\n"))
    stream.write(encodable(text, getattr(stream, "encoding", None)))


def say_totals(diff: Diff) -> list[str]:
    """Say how the whole program changed."""
    if diff.is_empty:
        return ["No difference: every figure is the same in both runs."]
    named = {
        "Peak": diff.peak,
        "With native work memory": diff.total_peak,
        "Alive at the end": diff.live,
        "In total": diff.total,
    }
    return [
        f"{name}: {say_growth(growth)}."
        for name, growth in named.items()
        if (growth.before, growth.after) not in {(0, 0), (None, None)}
    ]


def say_growth(growth: Growth) -> str:
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


def _make_table(changes: Sequence[AnyChange], names: FileNames, *, limit: int | None, width: int) -> Table:
    """Lay out changes: at the peak before, after and the difference, then the differences of the other figures."""
    from rich.table import Table  # noqa: PLC0415  # as above
    from rich.text import Text  # noqa: PLC0415

    shown = changes[:limit]
    buffers = isinstance(changes[0].row, ArrayGroup)
    headings = ["change", "before", "after", *([] if buffers else _FIGURES)]
    cells = [_cells(change) for change in shown]
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for heading, column in zip(headings, zip(headings, *cells, strict=True), strict=True):
        needed = max(map(len, column))
        table.add_column(heading, justify="right", no_wrap=True, min_width=needed)
        width -= needed + _GAP
    # Where it gets narrow the source text gives way, never a figure.
    table.add_column("arrays at the peak", no_wrap=True, overflow="ellipsis", max_width=max(width, _SHORTEST))
    filename = None
    for change, figures in zip(shown, cells, strict=True):
        if change.row.filename != filename:
            filename = change.row.filename
            table.add_row(*[""] * len(headings), Text(names.short_place(filename, None), "cyan"))
        table.add_row(*figures, _describe(change))
    if len(shown) < len(changes):
        table.add_row(*[""] * len(headings), Text(f"… and {len(changes) - len(shown):,} more", "dim"))
    return table


def _cells(change: AnyChange) -> list[str]:
    """Write the figures of a change."""
    if isinstance(change.row, ArrayGroup):
        figure, others = "nbytes", {}
    else:
        figure, others = "own_nbytes", _FIGURES
    sides = ["" if row is None else format_nbytes(getattr(row, figure)) for row in (change.before, change.after)]
    differences = [signed_nbytes(change.difference(each)) for each in (figure, *others.values())]
    return [differences[0], *("-" if side == "0 B" else side for side in sides), *differences[1:]]


def signed_nbytes(nbytes: int | None) -> str:
    """Write a difference with its sign; a dash for none."""
    if nbytes is None:
        return UNKNOWN
    return f"{'+' if nbytes > 0 else ''}{format_nbytes(nbytes)}" if nbytes else "-"


def _describe(change: AnyChange) -> str:
    """Say which row it is, and whether only one run has it or it has moved."""
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
