"""Blocks of Markdown: a table, a folded part."""

from __future__ import annotations

import enum
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Align(enum.Enum):
    """Alignment of a column, as Markdown writes it."""

    LEFT = ":--"
    RIGHT = "--:"


def write_table(columns: Sequence[tuple[str, Align]], rows: Iterable[Sequence[str]]) -> str:
    """Write a table; nothing without rows.

    Parameters
    ----------
    columns : sequence of str and Align
        Heading and alignment of each column.
    rows : iterable of sequence of str
        Cells in Markdown, as `code_span` and `prose` return them, or figures. Each is one line.
    """
    body = [_write_row(row) for row in rows]
    if not body:
        return ""
    head = [_write_row([name for name, _ in columns]), _write_row([align.value for _, align in columns])]
    return "\n".join([*head, *body])


def _write_row(cells: Sequence[str]) -> str:
    # A table is cut at each | before code is recognised: also inside code it is written with a backslash.
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def fold(summary: str, body: str) -> str:
    """Write a part that GitHub shows when its summary is clicked.

    Parameters
    ----------
    summary : str
        Text of the summary, without texts of the program: GitHub would link names in it.
    body : str
        Blocks of Markdown.
    """
    return f"<details><summary>{escape(summary)}</summary>\n\n{body}\n\n</details>"
