"""Whether a variable is read again: liveness of names in the source of one function, conservative where unknown."""

from __future__ import annotations

import ast
import enum
from typing import TYPE_CHECKING

from .syntax import called_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .syntax import Scope, SourceTree

_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_READS_ANY_NAME = frozenset({"locals", "vars", "globals", "eval", "exec", "dir"})


class _Next(enum.Enum):
    """What statements do with a variable first."""

    READ = enum.auto()
    REBOUND = enum.auto()
    NEITHER = enum.auto()


def may_be_read_after(tree: SourceTree, statement: ast.stmt, name: str) -> bool:
    """Tell whether a variable's value can be read while a statement runs or after it.

    Parameters
    ----------
    tree : SourceTree
        The file.
    statement : ast.stmt
        A statement of the function whose variable it is.
    name : str
        The variable.

    Returns
    -------
    bool
        False only if no path from the statement on reads the variable before it is bound anew. A variable that an inner
        function, a class body or ``eval`` can read counts as read.
    """
    return _reads(statement, name) or may_be_read_from(tree, statement, name)


def may_be_read_from(tree: SourceTree, statement: ast.stmt, name: str) -> bool:
    """Tell whether a variable's value can be read after a statement has ended: see `may_be_read_after`."""
    scope = tree.scope(statement)
    if _is_open(scope, name):
        return True
    if _binds(statement, name):
        return False
    inner: ast.AST = statement
    for outer in tree.enclosing(statement):
        if isinstance(outer, ast.Try | ast.TryStar):
            # An exception, or a return, goes to the handlers and to `finally` from anywhere inside.
            ends: list[ast.AST] = [*outer.handlers, *outer.finalbody]
            if any(_reads(part, name) for part in ends if part is not inner):
                return True
        if outer is scope:
            break
    return _is_read_from(tree, scope, statement, name)


def _is_read_from(tree: SourceTree, scope: Scope, statement: ast.stmt, name: str) -> bool:
    inner: ast.AST = statement
    for outer in tree.enclosing(statement):
        match _scan(_following(outer, inner), name):
            case _Next.READ:
                return True
            case _Next.REBOUND:
                return False
        if isinstance(outer, _LOOPS) and inner in outer.body:
            again = [outer.test] if isinstance(outer, ast.While) else []
            if any(_reads(part, name) for part in [*again, *outer.orelse]) or _scan(outer.body, name) is _Next.READ:
                return True
        if outer is scope:
            return False
        inner = outer
    return False


def _following(outer: ast.AST, inner: ast.AST) -> list[ast.stmt]:
    """Return the statements that follow one in its block."""
    for _, block in ast.iter_fields(outer):
        if isinstance(block, list) and inner in block:
            following = [each for each in block[block.index(inner) + 1 :] if isinstance(each, ast.stmt)]
            if isinstance(outer, ast.Try | ast.TryStar) and block is outer.body:
                following += outer.orelse
            return following
    return []


def _scan(statements: Iterable[ast.stmt], name: str) -> _Next:
    leaves = False
    for statement in statements:
        if _reads(statement, name):
            return _Next.READ
        # Where a `break` or a `continue` may have left the block before, the binding is on one of two paths alone.
        leaves |= any(isinstance(inner, ast.Break | ast.Continue) for inner in ast.walk(statement))
        if not leaves and (_binds(statement, name) or isinstance(statement, ast.Return | ast.Raise)):
            return _Next.REBOUND
    return _Next.NEITHER


def _reads(node: ast.AST, name: str) -> bool:
    for inner in ast.walk(node):
        match inner:
            case ast.Name(id=found, ctx=ast.Load()) if found == name:
                return True
            case ast.AugAssign(target=ast.Name(id=found)) if found == name:
                return True
    return False


def _binds(statement: ast.stmt, name: str) -> bool:
    """Tell whether a simple statement binds or deletes a variable on every path."""
    match statement:
        case ast.Assign(targets=targets) | ast.Delete(targets=targets):
            return any(isinstance(inner, ast.Name) and inner.id == name for each in targets for inner in _targets(each))
        case ast.AnnAssign(target=ast.Name(id=found), value=ast.expr()):
            return found == name
        case _:
            return False


def _targets(target: ast.expr) -> Iterator[ast.expr]:
    if isinstance(target, ast.Tuple | ast.List):
        for each in target.elts:
            yield from _targets(each)
    else:
        yield target


def _is_open(scope: Scope, name: str) -> bool:
    """Tell whether code beside the function's own statements can read its variable."""
    for node in ast.walk(scope):
        match node:
            case ast.Global(names=names) | ast.Nonlocal(names=names) if name in names:
                return True
            case ast.Call() if isinstance(node.func, ast.Name) and called_name(node) in _READS_ANY_NAME:
                return True
    inner = (node for node in ast.walk(scope) if isinstance(node, _INNER) and node is not scope)
    return any(_reads(node, name) and not _is_own_variable(node, name) for node in inner)


def _is_own_variable(function: ast.AST, name: str) -> bool:
    """Tell whether a name is a parameter or a variable of an inner function, and so another one."""
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return False
    given = function.args
    if any(each.arg == name for each in ast.walk(given) if isinstance(each, ast.arg)):
        return True
    return any(
        isinstance(each, ast.Name) and each.id == name and isinstance(each.ctx, ast.Store)
        for each in ast.walk(function)
    )
