"""Arrays that the code which makes an object passed for an attribute: ``Detector(frames)`` for its ``self.counts``."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import numpy as np

from ndmem.advising.source.syntax import called_name, source_tree, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.source.syntax import SourceTree
    from ndmem.model.columns import Int64s

    from .case import Case

_DATACLASS = frozenset({"dataclass", "define", "frozen", "mutable"})


def rows_of_field(case: Case, tree: SourceTree, node: ast.expr, at: int) -> Int64s:
    """Return the live buffers that were passed for an attribute where its object was made; empty if unknown.

    Parameters
    ----------
    case : Case
        The run.
    tree : SourceTree
        The file of the attribute.
    node : ast.expr
        The attribute.
    at : int
        Number of events up to the moment.
    """
    none = np.empty(0, np.int64)
    if not isinstance(node, ast.Attribute):
        return none
    trees = [each for name in case.index.trace.sources if (each := source_tree(case.index, name)) is not None]
    owner = _owner(trees, tree, node)
    position = None if owner is None else _position(owner, node.attr)
    if owner is None or position is None:
        return none
    parts = [_rows_passed(case, one, call, position, at) for one in trees for call in _calls(one, owner)]
    rows = np.unique(np.concatenate([none, *parts]))
    live: Int64s = rows[(case.buffers.born[rows] < at) & (case.buffers.died[rows] >= at)]
    return live


def _owner(trees: list[SourceTree], tree: SourceTree, node: ast.Attribute) -> ast.ClassDef | None:
    """Return the class whose attribute it is: that around ``self.x``, else the only one with such an attribute."""
    if isinstance(node.value, ast.Name) and node.value.id == "self":
        return next((outer for outer in tree.enclosing(node) if isinstance(outer, ast.ClassDef)), None)
    found = [
        each
        for one in trees
        for each in ast.walk(one.root)
        if isinstance(each, ast.ClassDef) and _position(each, node.attr) is not None
    ]
    return found[0] if len(found) == 1 else None


def _position(owner: ast.ClassDef, attribute: str) -> tuple[int, str] | None:
    """Return the parameter of a class's call that becomes an attribute, and its place; ``None`` if none does alone."""
    for part in owner.body:
        if isinstance(part, ast.FunctionDef) and part.name == "__init__":
            names = [each.arg for each in (*part.args.posonlyargs, *part.args.args)][1:]
            values = [
                value
                for each in ast.walk(owner)
                if isinstance(each, ast.Assign | ast.AnnAssign) and (value := _assigned(each, attribute)) is not None
            ]
            match values:
                case [ast.Name(id=name)] if name in names:
                    return names.index(name), name
            return None
    if not any(_last_name(each) in _DATACLASS for each in owner.decorator_list):
        return None
    fields = [text_of(part.target) for part in owner.body if isinstance(part, ast.AnnAssign)]
    is_changed = any(_assigned(each, attribute) is not None for each in ast.walk(owner))
    return (fields.index(attribute), attribute) if attribute in fields and not is_changed else None


def _last_name(decorator: ast.expr) -> str:
    return called_name(decorator) or text_of(decorator).rpartition(".")[2]


def _assigned(statement: ast.AST, attribute: str) -> ast.expr | None:
    """Return what a statement assigns to an attribute of ``self``."""
    match statement:
        case ast.Assign(targets=[*targets], value=value):
            pass
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            targets = [target]
        case _:
            return None
    spelled = f"self.{attribute}"
    return value if any(text_of(target) == spelled for target in targets) else None


def _calls(tree: SourceTree, owner: ast.ClassDef) -> Iterator[ast.Call]:
    for node in ast.walk(tree.root):
        if not isinstance(node, ast.Call):
            continue
        is_cls = isinstance(node.func, ast.Name) and node.func.id == "cls" and owner in tree.enclosing(node)
        if is_cls or called_name(node) == owner.name:
            yield node


def _rows_passed(case: Case, tree: SourceTree, call: ast.Call, position: tuple[int, str], at: int) -> Int64s:
    place, name = position
    given = next((each.value for each in call.keywords if each.arg == name), None)
    if given is None and place < len(call.args) and not any(isinstance(each, ast.Starred) for each in call.args):
        given = call.args[place]
    if isinstance(given, ast.Name | ast.Attribute):
        scope = tree.scope(call)
        function = scope.name if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef) else "<module>"
        return case.bound_to(text_of(given), function, at=at)
    rows = [group.rows[~group.temporary] for group in case.groups if group.place.node is given]
    return np.concatenate([np.empty(0, np.int64), *rows])
