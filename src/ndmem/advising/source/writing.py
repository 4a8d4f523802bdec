"""Which arrays the statements of a program may write into: what none of them writes, a copy need not protect."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .operations import ELEMENTWISE, OPERATORS, REDUCTIONS
from .syntax import called_name, is_module_call, uses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .syntax import SourceTree

_WRITING_METHODS = frozenset({
    "sort", "fill", "put", "resize", "partition", "itemset", "setfield", "setflags", "shuffle", "byteswap", "at",
})  # fmt: skip
_WRITING_FIRST = frozenset({
    "copyto", "put", "place", "putmask", "put_along_axis", "fill_diagonal", "shuffle", "readinto", "recv_into", "at",
})  # fmt: skip
_NEW = frozenset({
    "zeros", "ones", "empty", "full", "zeros_like", "ones_like", "empty_like", "full_like", "arange", "linspace",
    "list", "dict", "set", "copy", "defaultdict", "Counter", "deque", "OrderedDict", "tolist", "array",
}) | (ELEMENTWISE - {"real", "imag"}) | REDUCTIONS  # fmt: skip


def written_into(trees: list[SourceTree]) -> Iterator[tuple[SourceTree, ast.expr]]:
    """Yield the variables, attributes and other expressions whose arrays the statements of a program may write."""
    for tree in trees:
        for node in ast.walk(tree.root):
            for target in _targets(node):
                if not _is_own_array(tree, target):
                    yield tree, target


def is_updated(tree: SourceTree, name: str) -> bool:
    """Tell whether some statement of a file writes into a variable of a name."""
    targets = (target for node in ast.walk(tree.root) for target in _targets(node))
    return any(isinstance(part, ast.Name) and part.id == name for target in targets for part in ast.walk(target))


def _targets(node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.Assign(targets=targets):
            yield from (part for target in targets for part in _elements(target))
        case ast.For(target=target):
            yield from _elements(target)
        case ast.AugAssign(target=target, op=op) if type(op) in OPERATORS:
            yield target.value if isinstance(target, ast.Subscript) else target
        case ast.Call(func=ast.Attribute(value=owner, attr=name)) if name in _WRITING_METHODS:
            yield owner if not is_module_call(node) else (node.args[0] if node.args else owner)
        case ast.Call(args=[first, *_]) if called_name(node) in _WRITING_FIRST:
            yield first
    if isinstance(node, ast.Call):
        yield from _outputs(node)


def _elements(target: ast.expr) -> Iterator[ast.expr]:
    """Yield what has the elements that are assigned to."""
    for part in ast.walk(target):
        if isinstance(part, ast.Subscript) and isinstance(part.ctx, ast.Store):
            yield part.value


def _outputs(call: ast.Call) -> Iterator[ast.expr]:
    """Yield the arguments of a call that it may write into by their names, or as the third one of many functions."""
    for given in call.keywords:
        is_off = isinstance(given.value, ast.Constant) and not given.value.value
        if given.arg == "out" or (given.arg is not None and "overwrite" in given.arg and not is_off):
            yield given.value
    if called_name(call) in ELEMENTWISE and is_module_call(call):
        yield from call.args[2:]


def _is_own_array(tree: SourceTree, target: ast.expr) -> bool:
    """Tell whether a variable has numbers, containers or arrays that its own function makes, whenever it is bound."""
    while isinstance(target, ast.Subscript):
        target = target.value
    if not isinstance(target, ast.Name):
        return False
    scope = tree.scope(target)
    stores = [use for use in uses(scope, target.id) if isinstance(use.ctx, ast.Store)]
    values = []
    for use in stores:
        statement = tree.parents.get(use)
        match statement:
            case ast.Assign(value=value) if use in statement.targets:
                values.append(value)
            case ast.AnnAssign(value=ast.expr() as value):
                values.append(value)
            case ast.AugAssign():
                continue
            case _:
                return False
    return bool(values) and all(map(_is_new, values))


def _is_new(value: ast.expr) -> bool:
    match value:
        case ast.Constant() | ast.List() | ast.Dict() | ast.Set() | ast.ListComp() | ast.DictComp() | ast.BinOp():
            return True
        case ast.UnaryOp() | ast.Compare() | ast.JoinedStr():
            return True
        case ast.Call():
            return called_name(value) in _NEW
        case _:
            return False
