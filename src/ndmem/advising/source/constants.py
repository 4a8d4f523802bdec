"""Integers that the source spells: numbers, constants of a module, and parameters that all calls give numbers."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .syntax import called_name, spelled_integer, uses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .syntax import SourceTree

_DEEPEST = 5


@dataclass(frozen=True, slots=True)
class Spelled:
    """The source of a program, as far as it tells the values of integers.

    Attributes
    ----------
    trees : sequence of SourceTree
        All its files: their calls give parameters their values.
    """

    trees: Sequence[SourceTree]

    def integer(self, tree: SourceTree, node: ast.AST, *, depth: int = _DEEPEST) -> int | None:
        """Return the value of an expression, of several ones that with the largest magnitude; ``None`` if unknown."""
        if (known := spelled_integer(node)) is not None or not depth:
            return known
        match node:
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                value = self.integer(tree, operand, depth=depth - 1)
                return None if value is None else -value
            case ast.BinOp(left=left, op=op, right=right):
                first, second = (self.integer(tree, part, depth=depth - 1) for part in (left, right))
                return None if first is None or second is None else _compute(op, first, second)
            case ast.Name():
                return self._of_name(tree, node, depth - 1)
            case _:
                return None

    def _of_name(self, tree: SourceTree, node: ast.Name, depth: int) -> int | None:
        scope = tree.scope(node)
        if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
            names = [each.arg for each in (*scope.args.posonlyargs, *scope.args.args)]
            if node.id in {*names, *(each.arg for each in scope.args.kwonlyargs)}:
                return self._of_parameter(tree, scope, node.id, names, depth)
            if any(isinstance(use.ctx, ast.Store) for use in uses(scope, node.id)):
                return self._of_assignments(tree, scope, node.id, depth)
        return self._of_assignments(tree, tree.root, node.id, depth)

    def _of_assignments(self, tree: SourceTree, scope: ast.AST, name: str, depth: int) -> int | None:
        values = []
        for use in uses(scope, name):
            if isinstance(use.ctx, ast.Store):
                statement = tree.parents.get(use)
                is_plain = isinstance(statement, ast.Assign) and use in statement.targets
                value = statement.value if isinstance(statement, ast.Assign) and is_plain else None
                values.append(None if value is None else self.integer(tree, value, depth=depth))
        return _farthest(values)

    def _of_parameter(
        self,
        tree: SourceTree,
        function: ast.FunctionDef | ast.AsyncFunctionDef,
        name: str,
        names: list[str],
        depth: int,
    ) -> int | None:
        if any(isinstance(use.ctx, ast.Store) for use in uses(function, name)):
            return None
        owner = tree.parents.get(function)
        is_method = isinstance(owner, ast.ClassDef)
        spelled = owner.name if isinstance(owner, ast.ClassDef) and function.name == "__init__" else function.name
        default = _default(function, name, names)
        values = []
        for one in self.trees:
            for call in ast.walk(one.root):
                if isinstance(call, ast.Call) and called_name(call) == spelled:
                    given = _given(call, name, names.index(name) - is_method if name in names else None)
                    given = default if given is None else given
                    values.append(None if given is None else self.integer(one, given, depth=depth))
        return _farthest(values)


def _compute(op: ast.operator, left: int, right: int) -> int | None:
    match op:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.FloorDiv() if right:
            return left // right
        case _:
            return None


def _default(function: ast.FunctionDef | ast.AsyncFunctionDef, name: str, names: list[str]) -> ast.expr | None:
    given = function.args
    by_name = dict(zip(names[len(names) - len(given.defaults) :], given.defaults, strict=True))
    by_name |= {
        each.arg: value for each, value in zip(given.kwonlyargs, given.kw_defaults, strict=True) if value is not None
    }
    return by_name.get(name)


def _given(call: ast.Call, name: str, place: int | None) -> ast.expr | None:
    by_name = next((each.value for each in call.keywords if each.arg == name), None)
    if by_name is not None or place is None:
        return by_name
    return call.args[place] if 0 <= place < len(call.args) else None


def _farthest(values: list[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return max(known, key=abs) if values and len(known) == len(values) else None
