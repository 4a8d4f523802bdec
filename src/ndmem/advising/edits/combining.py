"""Apply several edits to one file, where each is still right after the others.

An edit was found for the program as it is. Two of them are made together only if neither writes or deletes what the
other one's statement mentions: ``b = a`` instead of ``b = a.copy()`` is wrong as soon as ``a *= 2`` replaces
``a = a * 2``.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndmem.model.advice.edit import EditKind

from .applying import apply_splices, parse_source, splice_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ndmem.model.advice.edit import Edit

    from .applying import Splice

_SIMPLE = ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Expr | ast.Return
_SCOPES = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True, slots=True)
class _Effect:
    """What an edit is about: where it is, the variables that it mentions, and those that it writes or deletes."""

    splice: Splice
    scope: tuple[int, int] | None
    touched: frozenset[str]
    written: frozenset[str]

    def disturbs(self, other: _Effect) -> bool:
        """Tell whether two edits cannot be made together."""
        if self.splice[0] < other.splice[1] and other.splice[0] < self.splice[1]:
            return True
        if self.scope != other.scope and self.scope is not None and other.scope is not None:
            return False
        return _meet(self.written, other.touched) or _meet(other.written, self.touched)


@dataclass(frozen=True, slots=True)
class Combined:
    """A text with the edits that could be made.

    Attributes
    ----------
    text : str
        The new text.
    made : tuple of bool
        Whether each edit was made.
    fits : tuple of bool
        Whether each edit could be made alone.
    """

    text: str
    made: tuple[bool, ...]
    fits: tuple[bool, ...]


def combine(text: str, edits: Iterable[Edit]) -> Combined:
    """Apply edits to a text, the first ones first, and leave out those that do not go together with them."""
    chosen: list[_Effect] = []
    made, fits = [], []
    for edit in edits:
        splice = splice_of(text, edit)
        effect = None if splice is None else _find_effect(text, edit, splice)
        goes = effect is not None and not any(effect.disturbs(other) for other in chosen)
        if effect is not None and goes:
            chosen.append(effect)
        fits.append(effect is not None)
        made.append(goes)
    return Combined(apply_splices(text, [effect.splice for effect in chosen]), tuple(made), tuple(fits))


def _find_effect(text: str, edit: Edit, splice: Splice) -> _Effect:
    root, new = parse_source(text), parse_source(edit.text)
    statement, scope = _find_around(root, edit)
    written = {_path(node) for node in ast.walk(new) if _is_store(node)}
    written |= {_path(given.value) for given in ast.walk(new) if isinstance(given, ast.keyword) and given.arg == "out"}
    touched = _paths(new)
    if edit.kind is not EditKind.AFTER and isinstance(statement, _SIMPLE):
        touched |= _paths(statement)  # the target, too: it may be another name of an array now
    return _Effect(splice, scope, frozenset(touched), frozenset(written))


def _find_around(root: ast.Module, edit: Edit) -> tuple[ast.stmt | None, tuple[int, int] | None]:
    """Return the innermost statement around an edit, and the place of its function; ``None`` for the module."""
    start, end = edit.span[:2], edit.span[2:]
    statement: ast.stmt | None = None
    scope: tuple[int, int] | None = None
    for node in ast.walk(root):  # the outer ones first
        if not isinstance(node, ast.stmt | ast.Lambda):
            continue
        if (node.lineno, node.col_offset) <= start and end <= (node.end_lineno or 0, node.end_col_offset or 0):
            statement = node if isinstance(node, ast.stmt) else statement
            is_itself = (node.lineno, node.col_offset) == start
            scope = (node.lineno, node.col_offset) if isinstance(node, _SCOPES) and not is_itself else scope
    return statement, scope


def _is_store(node: ast.AST) -> bool:
    return isinstance(getattr(node, "ctx", None), ast.Store | ast.Del)


def _paths(root: ast.AST) -> set[str]:
    """Return the variables and attributes that some code mentions, the longest chains of attributes."""
    inner = {id(node.value) for node in ast.walk(root) if isinstance(node, ast.Attribute)}
    return {
        _path(node)
        for node in ast.walk(root)
        if isinstance(node, ast.Name | ast.Attribute) and id(node) not in inner and not _path(node).startswith("np.")
    }


def _path(node: ast.AST) -> str:
    while isinstance(node, ast.Subscript | ast.Starred):
        node = node.value
    return ast.unparse(node)


def _meet(some: frozenset[str], others: frozenset[str]) -> bool:
    """Tell whether a variable of some is one of others, or a part of one: ``x`` and ``x.T``."""
    return any(
        one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.") for one in some for other in others
    )
