"""Differences between two runs as Markdown: the summary, the lines that changed, and the arrays folded."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from ndmem.analysis.diff import SHOWN_DIFFERENCES, ArrayGroup, select_changes
from ndmem.reporting.paths import file_names
from ndmem.reporting.sentences.brevity import shorten
from ndmem.reporting.text.diff import DiffBy, count_others, signed_nbytes, totals_sentences
from ndmem.units import format_nbytes

from .blocks import Align, fold, write_table
from .inline import code_span, prose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ndmem.analysis.diff import AnyChange, Diff
    from ndmem.model.trace import RunInfo
    from ndmem.reporting.paths import FileNames

MOST_ROWS = 25
"""Rows of each table: with sources of `_LONGEST` characters, three tables stay below the size of a comment."""

_LONGEST = 120
_SIDES = (("change", Align.RIGHT), ("before", Align.RIGHT), ("after", Align.RIGHT))
_FIGURES = {name.removesuffix("_nbytes"): name for name in SHOWN_DIFFERENCES if name != "own_nbytes"}
_LINES = (*_SIDES, *((name, Align.RIGHT) for name in _FIGURES), ("line", Align.LEFT), ("live at the peak", Align.LEFT))
_ARRAYS = (*_SIDES, ("line", Align.LEFT), ("array", Align.LEFT))


def write_diff_markdown(diff: Diff, run: RunInfo, stream: IO[str], *, folder: str | None = None) -> None:
    """Write the differences between two runs.

    ``run`` is the later run, whose file names are shown, ``folder`` is as in `write_text`. The text is shorter than a
    comment may be: at most `MOST_ROWS` rows of each table are shown, and the others counted.
    """
    names = file_names(run, folder=folder)
    first, *others = map(prose, totals_sentences(diff))
    parts = [f"### {first}", *others]
    tables = ((DiffBy.LINE, diff.lines), (DiffBy.FUNCTION, diff.functions), (DiffBy.BUFFER, diff.buffers))
    for by, changes in tables:
        text = _write_changes(by, changes, names)
        if text:
            parts.append(
                text if by is DiffBy.LINE else fold(f"By {'array' if by is DiffBy.BUFFER else by.value}", text)
            )
    stream.write("\n\n".join(parts) + "\n")


def _write_changes(by: DiffBy, changes: Sequence[AnyChange], names: FileNames) -> str:
    shown = select_changes(changes)
    rows = [_write_row(change, names) for change in shown[:MOST_ROWS]]
    left, same = len(shown) - len(rows), len(changes) - len(shown)
    notes = [f"… and {left:,} more."] if left else []
    if same and by is DiffBy.LINE:
        notes.append(count_others(same, by))
    return "\n\n".join(part for part in (write_table(_ARRAYS if by is DiffBy.BUFFER else _LINES, rows), *notes) if part)


def _write_row(change: AnyChange, names: FileNames) -> tuple[str, ...]:
    row, is_array = change.row, isinstance(change.row, ArrayGroup)
    figure = "nbytes" if is_array else "own_nbytes"
    sides = ("-" if side is None else format_nbytes(getattr(side, figure)) for side in (change.before, change.after))
    others = () if is_array else _FIGURES.values()
    return (
        signed_nbytes(change.difference(figure)),
        *("-" if side == "0 B" else side for side in sides),
        *(signed_nbytes(change.difference(name)) for name in others),
        code_span(_cut(names.place(row.filename, row.lineno))),
        _describe(change),
    )


def _describe(change: AnyChange) -> str:
    """Write the text of a row, and whether only one run has it."""
    row = change.row
    mark = "new: " if change.before is None else "gone: " if change.after is None else ""
    if isinstance(row, ArrayGroup):
        many = f"{row.count:,} x " if row.count != 1 else ""
        held = f"{code_span(shorten(row.name, _LONGEST))} = " if row.name else ""
        return f"{mark}{many}{held}{code_span(shorten(row.text or f'in {row.function}', _LONGEST))}"
    source = getattr(row, "source", None)
    return f"{mark}{code_span(shorten(source or f'in {row.function}', _LONGEST))}"


def _cut(place: str) -> str:
    return place if len(place) <= _LONGEST else f"…{place[1 - _LONGEST :]}"
