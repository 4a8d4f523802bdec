"""Write the code of an edit with the user's own spelling of the parts that stay: ``1_000``, quotes, line breaks."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_MARK = "ndmem_part_{}_"


def respell(code: str, replaced: str, *, is_expression: bool) -> Iterator[list[str]]:
    """Yield ways to spell the statements of some code, or its expression, the closest to the user's first.

    Parameters
    ----------
    code : str
        What to write, one statement a line.
    replaced : str
        The user's text that it replaces.
    is_expression : bool
        Whether both are an expression.

    Yields
    ------
    list of str
        The code, one text for each statement. It may mean something else, as ``a * b + c`` for ``a * (b + c)``: the
        caller must compare the syntax trees.
    """
    new = ast.parse(code)
    spelled = {dump: text for text, dump in _spell_parts(code) if text.startswith(('"', "'"))}
    spelled |= {dump: text for text, dump in _spell_parts(f"({replaced}\n)" if is_expression else replaced)}
    marks: list[str] = []
    marked = [ast.unparse(_Marker(spelled, marks).visit(statement)) for statement in new.body]
    for form in ("{}", "({})"):
        lines = marked
        for number, part in enumerate(marks):
            lines = [line.replace(_MARK.format(number), form.format(part)) for line in lines]
        yield lines
    yield code.splitlines()


def _spell_parts(text: str) -> Iterator[tuple[str, str]]:
    """Yield the texts of the parts of some code that have more than one spelling, and their syntax trees."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.expr) and not isinstance(node, ast.Name):
            spelled = ast.get_source_segment(text, node)
            if spelled is not None:
                yield spelled, ast.dump(node)


class _Marker(ast.NodeTransformer):
    """Put a name for each part whose spelling is known."""

    def __init__(self, spelled: dict[str, str], marks: list[str]) -> None:
        self._spelled, self._marks = spelled, marks

    def visit(self, node: ast.AST) -> ast.AST:
        part = self._spelled.get(ast.dump(node)) if isinstance(node, ast.expr) else None
        if part is None:
            return self.generic_visit(node)
        self._marks.append(part)
        return ast.Name(_MARK.format(len(self._marks) - 1), ast.Load())
