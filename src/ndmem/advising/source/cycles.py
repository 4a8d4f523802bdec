"""Statements that close a cycle of references, as far as the source shows it: ``child.parent = self``."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .syntax import called_name, names_in, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .syntax import Scope, SourceTree

_ADDING = frozenset({"append", "add", "insert", "appendleft", "setdefault", "connect", "register", "subscribe"})
_WEAK = frozenset({"proxy", "ref", "WeakMethod", "finalize"})


@dataclass(frozen=True, slots=True, eq=False)
class Closing:
    """A statement that closes a cycle.

    Attributes
    ----------
    node : ast.expr or ast.stmt
        The expression to change.
    why : str
        What leads to what.
    fix : str or None
        Code for the statement.
    """

    node: ast.expr | ast.stmt
    why: str
    fix: str | None


def closings_of_class(tree: SourceTree, kind: ast.ClassDef) -> list[Closing]:
    """Return where methods of a class make its objects refer to themselves, directly or through another object."""
    methods = [each for each in kind.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
    own = {each.name for each in methods if not each.decorator_list}
    found: list[Closing] = []
    for method in methods:
        if method.args.args and not any(text_of(each) == "staticmethod" for each in method.decorator_list):
            found += _of_method(method, method.args.args[0].arg, own)
    passed = [node for method in methods for node in ast.walk(method) if _passes_self(method, node)]
    for call in passed:
        found += _of_constructor(tree, kind, called_name(call) or "")
    return found


def closings_of_function(tree: SourceTree, scope: Scope) -> list[Closing]:
    """Return where a function's variables make objects refer to themselves."""
    found: list[Closing] = []
    pairs: dict[tuple[str, str], ast.Assign] = {}
    for node in ast.walk(scope):
        if tree.scope(node) is not scope:
            continue
        match node:
            case ast.Assign(targets=[ast.Attribute() | ast.Subscript() as target], value=ast.Name(id=value)):
                owner = _root(target)
                if owner == value:
                    found.append(_weakened(node, target, value, f"`{value}` refers to itself"))
                elif (value, owner) in pairs:
                    found.append(_weakened(node, target, value, f"`{owner}` and `{value}` refer to each other"))
                pairs[owner, value] = node
            case ast.Call(func=ast.Attribute(value=owner, attr=attr), args=[*_, ast.Name(id=value)]):
                if attr in _ADDING and _root(owner) == value:
                    found.append(Closing(node, f"`{value}` refers to itself", None))
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Name(id=error)) if _is_caught(tree, node, error):
                why = f"`{name}` has the exception, whose traceback has the frame with `{name}`"
                found.append(Closing(node, why, f"{name} = {error}.with_traceback(None)"))
            case ast.FunctionDef(name=name) if node is not scope and name in names_in(node):
                found.append(Closing(node, f"the inner function `{name}` refers to itself by its closure", None))
    return found


def class_around(tree: SourceTree, node: ast.AST) -> ast.ClassDef | None:
    """Return the class in whose method a node is."""
    for outer in tree.enclosing(node):
        if isinstance(outer, ast.ClassDef):
            return outer
    return None


def _of_method(method: ast.FunctionDef | ast.AsyncFunctionDef, me: str, own: set[str]) -> Iterator[Closing]:
    for node in ast.walk(method):
        match node:
            case ast.Assign(targets=[ast.Attribute() | ast.Subscript() as target], value=value):
                why = _leads_back(value, me, own, is_own=_root(target) == me)
                if why is not None:
                    is_plain = isinstance(value, ast.Name)
                    yield (
                        _weakened(node, target, me, why) if is_plain else Closing(node, why, _by_method(node, me, own))
                    )
            case ast.Call(func=ast.Attribute(value=owner, attr=attr), args=args) if attr in _ADDING:
                why = next(
                    (why for each in args if (why := _leads_back(each, me, own, is_own=_root(owner) == me))), None
                )
                if why is not None:
                    yield Closing(node, why, None)


def _leads_back(value: ast.expr, me: str, own: set[str], *, is_own: bool) -> str | None:
    """Return how a value that an object gets leads back to the object; ``None`` if it does not."""
    match value:
        case ast.Name(id=name) if name == me:
            return "an object refers to itself" if is_own else f"what gets `{me}` may be an object that `{me}` has"
        case ast.Attribute(value=ast.Name(id=name), attr=attr) if name == me and attr in own:
            return f"the bound method `{text_of(value)}` has its object"
        case ast.Lambda() if me in names_in(value) and is_own:
            return f"the `lambda` has `{me}` in its closure"
        case ast.Call(args=parts) if called_name(value) == "partial" and is_own:
            return next((why for each in parts if (why := _leads_back(each, me, own, is_own=is_own))), None)
        case ast.Dict(values=parts) | ast.List(elts=parts) | ast.Tuple(elts=parts) if is_own:
            return next((why for each in parts if (why := _leads_back(each, me, own, is_own=is_own))), None)
        case _:
            return None


def _by_method(node: ast.Assign, me: str, own: set[str]) -> str | None:
    match node.value:
        case ast.Attribute(value=ast.Name(id=name), attr=attr) if name == me and attr in own:
            return f"{text_of(node.targets[0])} = weakref.WeakMethod({text_of(node.value)})"
        case _:
            return None


def _passes_self(method: ast.FunctionDef | ast.AsyncFunctionDef, node: ast.AST) -> bool:
    me = method.args.args[0].arg if method.args.args else ""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return False
    given = [*node.args, *(each.value for each in node.keywords)]
    return node.func.id not in _WEAK and any(isinstance(each, ast.Name) and each.id == me for each in given)


def _of_constructor(tree: SourceTree, kind: ast.ClassDef, name: str) -> Iterator[Closing]:
    """Yield where a class of the same file keeps what its constructor gets from an object that has the new one."""
    for other in ast.walk(tree.root):
        if not isinstance(other, ast.ClassDef) or other.name != name:
            continue
        for method in other.body:
            if not isinstance(method, ast.FunctionDef) or method.name != "__init__" or not method.args.args:
                continue
            me, *parameters = (each.arg for each in method.args.args)
            for node in ast.walk(method):
                match node:
                    case ast.Assign(targets=[ast.Attribute() as target], value=ast.Name(id=value)):
                        if _root(target) == me and value in parameters[:1]:
                            why = f"an object of `{kind.name}` has one of `{name}`, which has the first one"
                            yield _weakened(node, target, value, why)


def _weakened(node: ast.Assign, target: ast.expr, value: str, why: str) -> Closing:
    return Closing(node, why, f"{text_of(target)} = weakref.proxy({value})")


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _is_caught(tree: SourceTree, node: ast.AST, name: str) -> bool:
    return any(isinstance(outer, ast.ExceptHandler) and outer.name == name for outer in tree.enclosing(node))
