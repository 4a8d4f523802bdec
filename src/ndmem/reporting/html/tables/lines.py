"""Line table as a piece of HTML for a notebook: small, without scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.background import native_matters
from ndmem.analysis.moment import Moment
from ndmem.analysis.tables.lines import line_table
from ndmem.reporting.html.findings import tabulate_findings
from ndmem.reporting.html.fragment import Column, write_fragment, write_table
from ndmem.reporting.paths import file_names
from ndmem.reporting.plain import plain
from ndmem.reporting.sentences.answer import answer_sentence
from ndmem.reporting.sentences.brevity import shorten
from ndmem.reporting.sentences.ending import ending_sentence
from ndmem.reporting.sentences.headroom import headroom_sentence
from ndmem.reporting.sentences.mapped import mapped_sentence
from ndmem.reporting.sentences.total import total_sentence
from ndmem.reporting.text.notes import describe_run, list_notes
from ndmem.reporting.text.tables.figure_columns import list_columns

from .line_groups import group_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ndmem.analysis.index import TraceIndex
    from ndmem.analysis.tables.lines import Line
    from ndmem.model.advice.finding import Finding
    from ndmem.reporting.paths import FileNames
    from ndmem.reporting.text.tables.figure_columns import Column as FigureColumn

_LONGEST = 120
"""Most characters of source in a row."""

_WIDE_ONLY = frozenset({"temporary", "kept", "total", "count"})
"""Columns that a narrow notebook lacks: with them it would show neither the line nor its source."""

_FINDINGS = 3
"""Things to change that are listed above the lines."""


def line_table_html(
    index: TraceIndex,
    *,
    rows: int = 15,
    folder: str | None = None,
    foreword: Sequence[str] = (),
    findings: Sequence[Finding] = (),
) -> str:
    """Return the answer and the line table of a run as an HTML fragment.

    Parameters
    ----------
    index, folder
        As for `write_html`.
    rows : int
        Show at most this many lines.
    foreword : sequence of str
        Sentences to put first.
    findings : sequence of Finding
        What to change in the program; the first of them follow the answer.

    Returns
    -------
    str
        As `write_fragment` returns it.

    Raises
    ------
    TraceError
        If the trace's call tree is damaged.
    """
    trace = index.trace
    names = file_names(trace.run, folder=folder)
    native = native_matters(index)
    lines = [line for line in line_table(index) if line.has_memory(native=native)]
    shown = lines[: max(rows, 0)]
    sentences = (
        *foreword,
        ending_sentence(index, name_file=names.name),
        answer_sentence(index, name_file=names.name),
        total_sentence(index, name_file=names.name),
        mapped_sentence(index, name_file=names.name),
    )
    totals = []
    if shown and not foreword:  # what a prediction adds up to is in its own sentences
        totals = [describe_run(index, Moment.PEAK)]
        totals += [f"{headroom}."] if (headroom := headroom_sentence(index)) is not None else []
    columns = _list_columns(shown, native=native)
    table = write_table(
        [*((column.heading, Column.FIGURE) for column in columns), ("line", Column.TEXT), ("", Column.CODE)],
        _list_rows(shown, names, columns, native=native),
        wide_only=_WIDE_ONLY,
    )
    left = [f"… and {len(lines) - len(shown):,} more lines."] if len(shown) < len(lines) else []
    return write_fragment(
        tabulate_findings(index, findings[:_FINDINGS], names),
        table,
        headline=[*(f"{sentence}." for sentence in sentences if sentence is not None), *totals],
        remarks=[*left, *list_notes(index, shown)],
    )


def _list_columns(lines: Sequence[Line], *, native: bool) -> list[FigureColumn]:
    return [column for column in list_columns(lines, native=native) if column.heading != "program"]


def _list_rows(
    lines: Sequence[Line], names: FileNames, columns: Sequence[FigureColumn], *, native: bool
) -> Iterator[Sequence[str] | str]:
    """Yield the lines below the heading of their group, where there are several, as the text and the page do."""
    groups = group_lines(lines, native=native)
    for heading, numbered in groups:
        if len(groups) > 1:
            yield heading
        yield from (_list_cells(line, names, columns) for _, line in numbered)


def _list_cells(line: Line, names: FileNames, columns: Sequence[FigureColumn]) -> list[str]:
    source = shorten(plain(line.source or f"in {line.function}"), _LONGEST)
    return [*(column.write(line) for column in columns), names.place(line.filename, line.lineno), source]
