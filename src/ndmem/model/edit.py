"""The edit: how a fix is applied to the text of a source file."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class EditKind(enum.Enum):
    """What an edit does with its span."""

    EXPRESSION = "expression"
    """The expression with this span is replaced."""
    STATEMENT = "statement"
    """The simple statement with this span is replaced by one or more simple statements."""
    AFTER = "after"
    """A simple statement is inserted after the statement with this span, at its indentation."""


@dataclass(frozen=True, slots=True)
class Edit:
    """How a fix is applied to a source file.

    Attributes
    ----------
    kind : EditKind
        What is done with the span.
    span : tuple of int
        ``(lineno, col, end_lineno, end_col)`` of a node; lines from 1, columns in bytes of UTF-8 as in `Site`.
    text : str
        An expression, or simple statements, one a line.
    is_exact : bool
        Whether the program computes the same to the last digit; else results may be rounded differently.
    """

    kind: EditKind
    span: tuple[int, int, int, int]
    text: str
    is_exact: bool = True
