"""Apply an edit to the text of a source file.

An edit is refused unless the syntax tree of the new text is that of the old one with the intended node changed and
nothing else: so precedence, several statements on a line and one-line suites are either correct or not edited.
"""

from __future__ import annotations

import ast
import re
import warnings
from typing import TYPE_CHECKING

from ndmem.model.advice.edit import EditKind

from .respelling import respell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.model.advice.edit import Edit

Splice = tuple[int, int, str]
"""First and last character that are replaced, and the new text."""

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
"""A line as Python counts them; `str.splitlines` also ends lines at form feeds and other characters."""

_BOM = "\ufeff"
"""A byte order mark, which a file's text may begin with."""

_ERRORS = (SyntaxError, ValueError, RecursionError, MemoryError)


def apply_edit(text: str, edit: Edit) -> str | None:
    """Apply an edit to a source text.

    Parameters
    ----------
    text : str
        The whole file, with its line ends.
    edit : Edit
        What to change.

    Returns
    -------
    str or None
        The new text; ``None`` if the edit does not fit the text, or would change anything else.
    """
    splice = splice_of(text, edit)
    return None if splice is None else apply_splices(text, [splice])


def splice_of(text: str, edit: Edit) -> Splice | None:
    """Return the characters that an edit replaces in a text; ``None`` if it cannot be applied."""
    body = text.removeprefix(_BOM)
    try:
        wanted = _changed_tree(body, edit)
        if wanted is None:
            return None
        for start, end, new in _candidates(body, edit):
            if _tree_of(apply_splices(body, [(start, end, new)])) == wanted:
                shift = len(text) - len(body)
                return start + shift, end + shift, new
    except _ERRORS:
        return None
    return None


def apply_splices(text: str, splices: list[Splice]) -> str:
    """Replace parts of a text that do not overlap."""
    for start, end, new in sorted(splices, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def parse_source(text: str) -> ast.Module:
    """Parse a file's text, without the warnings that compiling it would print.

    Raises
    ------
    SyntaxError, ValueError
        If it is not Python.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text.removeprefix(_BOM))


def _tree_of(text: str) -> str | None:
    try:
        return ast.dump(parse_source(text))
    except _ERRORS:
        return None


def _changed_tree(text: str, edit: Edit) -> str | None:
    """Return the syntax tree of a text with the intended change alone; ``None`` if that changes nothing."""
    root = parse_source(text)
    before = ast.dump(root)
    if not _change(root, text, edit):
        return None
    after = ast.dump(root)
    return None if after == before else after


def _change(root: ast.Module, text: str, edit: Edit) -> bool:
    """Change the node of an edit in a tree; false if there is no such node."""
    is_expression = edit.kind is EditKind.EXPRESSION
    wanted = ast.expr if is_expression else ast.stmt
    new = parse_source(edit.text).body
    if not new or (is_expression and not (len(new) == 1 and isinstance(new[0], ast.Expr))):
        return False
    for parent in ast.walk(root):
        for name, value in ast.iter_fields(parent):
            block = value if isinstance(value, list) else [value]
            for at, node in enumerate(block):
                if not isinstance(node, wanted) or span_of(node) != edit.span or not _is_there(text, node):
                    continue
                if isinstance(new[0], ast.Expr) and is_expression:
                    if not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
                        return False
                    block[at] = new[0].value
                else:
                    block[at : at + 1] = [node, *new] if edit.kind is EditKind.AFTER else new
                setattr(parent, name, block if isinstance(value, list) else block[0])
                return True
    return False


def span_of(node: ast.expr | ast.stmt) -> tuple[int, int, int, int]:
    """Return the place of a node, as `Edit.span` has it."""
    return node.lineno, node.col_offset, node.end_lineno or node.lineno, node.end_col_offset or 0


def _is_there(text: str, node: ast.expr | ast.stmt) -> bool:
    """Tell whether the text at a node's span is the node: inside f-strings, Python 3.11 has other columns."""
    if isinstance(node, ast.stmt):
        return True
    start, end = _offsets(text, span_of(node))
    try:
        found = parse_source(f"({text[start:end]}\n)").body
    except _ERRORS:
        return False
    return len(found) == 1 and isinstance(found[0], ast.Expr) and ast.dump(found[0].value) == ast.dump(node)


def _offsets(text: str, span: tuple[int, int, int, int]) -> tuple[int, int]:
    lines = _LINE.findall(text)
    lineno, col, end_lineno, end_col = span

    def offset(line: int, column: int) -> int:
        return sum(map(len, lines[: line - 1])) + len(lines[line - 1].encode()[:column].decode())

    return offset(lineno, col), offset(end_lineno, end_col)


def _candidates(text: str, edit: Edit) -> Iterator[Splice]:
    """Yield the ways to write an edit, the plainest first."""
    start, end = _offsets(text, edit.span)
    line_start = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
    indent, following = text[line_start:start], re.compile(r"[^\r\n]*").match(text, end)
    rest = following.group() if following else ""
    is_alone = not indent.strip(" \t\f") and bool(re.fullmatch(r"\s*(#.*)?", rest))
    line_end = re.search(r"\r\n|\r|\n", text)
    newline = line_end.group() if line_end else "\n"
    if edit.kind is EditKind.AFTER:
        lines = edit.text.splitlines()
        if is_alone:
            yield end + len(rest), end + len(rest), "".join(f"{newline}{indent}{line}" for line in lines)
        else:
            yield end, end, "".join(f"; {line}" for line in lines)
        return
    replaced, is_expression = text[start:end], edit.kind is EditKind.EXPRESSION
    if "#" in replaced and len(_LINE.findall(replaced)) > 1:
        return  # the user's comments would be lost
    for lines in respell(edit.text, replaced, is_expression=is_expression):
        if is_expression:
            yield start, end, lines[0]
            yield start, end, f"({lines[0]})"
        elif is_alone:
            yield start, end, f"{newline}{indent}".join(lines)
        else:
            yield start, end, "; ".join(lines)
