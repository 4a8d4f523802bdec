"""Blocks of statements: the list that a statement is in, and the statement before another one in its list."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .syntax import SourceTree


def block_of(tree: SourceTree, node: ast.AST) -> list[ast.stmt] | None:
    """Return the list of statements that a statement is in; ``None`` for what is not a statement."""
    parent = tree.parents.get(node)
    for _, value in ast.iter_fields(parent) if isinstance(node, ast.stmt) and parent is not None else ():
        if isinstance(value, list) and any(each is node for each in value):
            return value
    return None


def statement_in_block_of(tree: SourceTree, node: ast.AST, later: ast.stmt) -> ast.stmt | None:
    """Return the statement around a node that is followed, in its block, by a statement or what contains that.

    Parameters
    ----------
    tree : SourceTree
        The file.
    node : ast.AST
        Any node.
    later : ast.stmt
        A statement of the same function.

    Returns
    -------
    ast.stmt or None
        When it has ended, nothing but the rest of its block leads to ``later``. ``None`` if the two are in different
        branches, or one contains the other.
    """
    following = [id(later), *(id(outer) for outer in tree.enclosing(later))]
    for outer in (node, *tree.enclosing(node)):
        if not isinstance(outer, ast.stmt):
            continue
        if id(outer) in following:
            return None
        block = block_of(tree, outer)
        if block is not None and any(id(each) in following for each in block):
            return outer
    return None
