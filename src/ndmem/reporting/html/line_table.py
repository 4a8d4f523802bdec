"""Line table as a piece of HTML for a notebook: escaped, small, without scripts."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from ndmem.analysis.background import native_matters
from ndmem.analysis.tables.lines import line_table
from ndmem.reporting.paths import file_names
from ndmem.reporting.plain import plain
from ndmem.reporting.sentences.answer import answer_sentence
from ndmem.reporting.sentences.brevity import shorten
from ndmem.reporting.sentences.ending import ending_sentence
from ndmem.reporting.sentences.headroom import headroom_sentence
from ndmem.reporting.sentences.total import total_sentence
from ndmem.reporting.text.figure_columns import list_columns
from ndmem.reporting.text.notes import list_notes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ndmem.analysis.index import TraceIndex
    from ndmem.analysis.tables.lines import Line
    from ndmem.reporting.paths import FileNames
    from ndmem.reporting.text.figure_columns import Column

_LONGEST = 120
"""Most characters of source in a row."""


def line_table_html(
    index: TraceIndex, *, rows: int = 15, folder: str | None = None, foreword: Sequence[str] = ()
) -> str:
    """Return the answer and the line table of a run as an HTML fragment.

    Parameters
    ----------
    index : TraceIndex
        The run.
    rows : int
        Show at most this many lines.
    folder : str or None
        Folder that files are named relative to; the working folder if not given.
    foreword : sequence of str
        Sentences to put first.

    Returns
    -------
    str
        A ``<div>`` without colours and fonts of its own, which follows the style of the notebook.

    Raises
    ------
    TraceError
        If the trace's call tree is damaged.
    """
    trace = index.trace
    names = file_names(trace.run, folder=folder)
    native = native_matters(index)
    lines = [line for line in line_table(index) if native or line.count]
    shown = lines[: max(rows, 0)]
    sentences = (
        *foreword,
        ending_sentence(index, name_file=names.name),
        answer_sentence(index, name_file=names.name),
        total_sentence(index, name_file=names.name),
        None if foreword else headroom_sentence(index),
    )
    parts = [f"<p><strong>{_escape_text(sentence)}.</strong></p>" for sentence in sentences if sentence is not None]
    if shown:
        headings = [*(column.heading for column in _list_columns(native=native)), "line"]
        heads = "".join(f'<th style="text-align:{_align(name)}">{name}</th>' for name in headings)
        body = "".join(_write_row(line, names, native=native) for line in shown)
        parts.append(f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>")
    if len(shown) < len(lines):
        parts.append(f"<p>… and {len(lines) - len(shown):,} more lines.</p>")
    parts += [f"<p><small>{_escape_text(note)}</small></p>" for note in list_notes(index, shown)]
    return f'<div class="ndmem">{"".join(parts)}</div>'


def _escape_text(text: str) -> str:
    """Escape text of unknown origin, its lone surrogates and control characters too."""
    return escape(plain(text))


def _align(name: str) -> str:
    return "left" if name == "line" else "right"


def _list_columns(*, native: bool) -> list[Column]:
    return [column for column in list_columns(native=native) if column.heading != "program"]


def _write_row(line: Line, names: FileNames, *, native: bool) -> str:
    figures = [column.write(line) for column in _list_columns(native=native)]
    cells = "".join(f'<td style="text-align:right;white-space:nowrap">{figure}</td>' for figure in figures)
    place = _escape_text(names.place(line.filename, line.lineno))
    source = _escape_text(shorten(plain(line.source or f"in {line.function}"), _LONGEST))
    return f'<tr>{cells}<td style="text-align:left">{place} <code>{source}</code></td></tr>'
