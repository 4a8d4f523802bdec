"""The line table as a piece of HTML for a notebook: escaped, small, without script."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from ndmem.analysis.ending import ending_sentence
from ndmem.analysis.lines import line_table
from ndmem.analysis.room import room_sentence
from ndmem.analysis.sentence import answer_sentence, shorten
from ndmem.analysis.total_sentence import native_matters, total_sentence
from ndmem.units import format_nbytes

from .figure_table import UNKNOWN, format_share
from .notes import list_notes
from .paths import file_names
from .plain import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ndmem.analysis.lines import Line
    from ndmem.model.trace import Trace

    from .paths import FileNames

_HEADINGS = ("share", "peak", "native", "temporary", "kept", "total", "count", "line")
_LONGEST = 120
"""Characters of source in a row."""


def line_table_html(trace: Trace, *, rows: int = 15, folder: str | None = None, foreword: Sequence[str] = ()) -> str:
    """Return the answer and the line table of a run as an HTML fragment.

    Parameters
    ----------
    trace : Trace
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
        A ``<div>``; it takes the colours and fonts of the page it is in.

    Raises
    ------
    TraceError
        If the trace's call tree is damaged.
    """
    names = file_names(trace.run, folder=folder)
    native = native_matters(trace)
    lines = [line for line in line_table(trace) if native or line.count]
    shown = lines[: max(rows, 0)]
    sentences = (
        *foreword,
        ending_sentence(trace, name_file=names.name),
        answer_sentence(trace, name_file=names.name),
        total_sentence(trace, name_file=names.name),
        None if foreword else room_sentence(trace),
    )
    parts = [f"<p><strong>{_text(sentence)}.</strong></p>" for sentence in sentences if sentence is not None]
    if shown:
        headings = [name for name in _HEADINGS if native or name != "native"]
        heads = "".join(f'<th style="text-align:{_side(name)}">{name}</th>' for name in headings)
        body = "".join(_row(line, names, native=native) for line in shown)
        parts.append(f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>")
    if len(shown) < len(lines):
        parts.append(f"<p>… and {len(lines) - len(shown):,} more lines.</p>")
    parts += [f"<p><small>{_text(note)}</small></p>" for note in list_notes(trace, shown)]
    return f'<div class="ndmem">{"".join(parts)}</div>'


def _text(text: str) -> str:
    """Write text of unknown origin; lone surrogates and control characters as escapes."""
    return escape(plain(text))


def _side(name: str) -> str:
    return "left" if name == "line" else "right"


def _row(line: Line, names: FileNames, *, native: bool) -> str:
    natives = [line.native.peak_nbytes if line.native else None] if native else []
    nbytes = (line.peak_nbytes, *natives, line.temporary_nbytes, line.kept_nbytes, line.total_nbytes)
    texts = (UNKNOWN if each is None else format_nbytes(each) for each in nbytes)
    figures = (format_share(line.share), *texts, f"{line.count:,}")
    cells = "".join(f'<td style="text-align:right;white-space:nowrap">{figure}</td>' for figure in figures)
    place = _text(names.place(line.filename, line.lineno))
    source = _text(shorten(plain(line.source or f"in {line.function}"), _LONGEST))
    return f'<tr>{cells}<td style="text-align:left">{place} <code>{source}</code></td></tr>'
