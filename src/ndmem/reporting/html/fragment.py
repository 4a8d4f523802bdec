"""The pieces that all outputs in a notebook consist of: escaped, without scripts, colours and fonts of their own.

Their style follows the notebook, light or dark. What is wider than the page scrolls.
"""

from __future__ import annotations

import enum
import re
from html import escape
from typing import TYPE_CHECKING

from ndmem.reporting.plain import plain, plain_source

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence


class Column(enum.Enum):
    """Kind of a column: how its cells are aligned and wrapped."""

    FIGURE = "text-align:right;white-space:nowrap"
    TEXT = "text-align:left;white-space:nowrap"
    CODE = "text-align:left;white-space:pre"


_INDENT_EM = 0.75
"""Width of each space that a cell begins with."""


_NARROW_PX = 600
"""Below this width of the window a table has fewer columns."""


def escape_text(text: str) -> str:
    """Escape text of unknown origin, its lone surrogates and control characters too."""
    return escape(plain(text))


def write_prose(text: str) -> str:
    """Escape a sentence, whose expressions and names between backticks become code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape_text(text))


def write_fragment(*parts: str, headline: Iterable[str] = (), remarks: Iterable[str] = ()) -> str:
    """Return a fragment of HTML.

    Parameters
    ----------
    *parts : str
        HTML, as `write_table` returns it.
    headline : iterable of str
        Sentences to put first; the first of them is the answer, in bold, the others are a paragraph.
    remarks : iterable of str
        Sentences to put last, in small print.
    """
    answer, *more = [write_prose(sentence) for sentence in headline] or [""]
    above = [f"<p><strong>{answer}</strong></p>"] if answer else []
    above += [f"<p>{' '.join(more)}</p>"] if more else []
    below = [f"<p><small>{write_prose(remark)}</small></p>" for remark in remarks]
    return f'<div class="ndmem">{"".join([*above, *parts, *below])}</div>'


def write_table(
    columns: Sequence[tuple[str, Column]], rows: Iterable[Sequence[str] | str], *, wide_only: Container[str] = ()
) -> str:
    """Return a table of HTML; nothing without rows. Spaces that a cell of text begins with indent it.

    Parameters
    ----------
    columns : sequence of str and Column
        Heading and kind of each column.
    rows : iterable of sequence of str, or str
        Cells, as plain text; one text alone is the heading of the rows after it.
    wide_only : container of str
        Headings of columns that a narrow notebook, as on a phone, lacks: it could show no column after them.
    """
    body = "".join(f"<tr>{_write_row(columns, row)}</tr>" for row in rows)
    if not body:
        return ""
    head = "".join(f'<th style="{kind.value}">{escape_text(name)}</th>' for name, kind in columns)
    hidden = [number for number, (name, _) in enumerate(columns, 1) if name in wide_only]
    kind = f' class="ndmem-{"-".join(map(str, hidden))}"' if hidden else ""
    table = f'<table{kind} style="margin:0"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div style="overflow-x:auto;margin:0.5em 0">{_write_narrow_style(hidden)}{table}</div>'


def _write_narrow_style(hidden: Sequence[int]) -> str:
    """Return the style that hides some columns of a narrow table; the heading of a group is its row's first cell."""
    if not hidden:
        return ""
    table = f".ndmem-{'-'.join(map(str, hidden))}"
    cells = ",".join(f"{table} tr>:nth-child({number})" for number in hidden)
    return f"<style>@media (max-width:{_NARROW_PX}px){{{cells}{{display:none}}}}</style>"


def _write_row(columns: Sequence[tuple[str, Column]], row: Sequence[str] | str) -> str:
    if isinstance(row, str):
        style = Column.TEXT.value
        return f'<th colspan="{len(columns)}" scope="rowgroup" style="{style}">{escape_text(row)}</th>'
    return "".join(_write_cell(kind, text) for (_, kind), text in zip(columns, row, strict=True))


def _write_cell(kind: Column, text: str) -> str:
    style, shown = kind.value, escape_text(text)
    if kind is Column.CODE and text:
        shown = f'<code style="white-space:pre">{escape(plain_source(text))}</code>'
    elif kind is Column.TEXT and text.startswith(" "):
        style += f";padding-left:{0.5 + _INDENT_EM * (len(text) - len(text.lstrip(' '))):g}em"
    return f'<td style="{style}">{shown}</td>'
