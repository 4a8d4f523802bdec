"""What calls do with an array that they are given: make something new from it, return a part of it, or keep it."""

from __future__ import annotations

import ast
import enum
from typing import TYPE_CHECKING

from .operations import ELEMENTWISE, REDUCTIONS
from .syntax import called_name, is_module_call, uses

if TYPE_CHECKING:
    from .syntax import SourceTree


class Keeps(enum.Enum):
    """What holds a value after an expression has used it."""

    NOTHING = enum.auto()
    RESULT = enum.auto()
    """The result may be the value, or hold it."""
    RECEIVER = enum.auto()
    """The object whose method is called, and not the result."""
    ANYTHING = enum.auto()
    """The result and the object whose method is called."""


VIEWING = frozenset({
    "array_split", "as_strided", "asanyarray", "asarray", "asarray_chkfinite", "ascontiguousarray", "asfortranarray",
    "atleast_1d", "atleast_2d", "atleast_3d", "broadcast_arrays", "broadcast_to", "diagonal", "dsplit", "expand_dims",
    "flip", "fliplr", "flipud", "frombuffer", "hsplit", "imag", "moveaxis", "nditer", "permute_dims",
    "matrix_transpose",
    "ravel", "real", "require", "reshape", "rollaxis", "rot90", "sliding_window_view", "split", "squeeze", "swapaxes",
    "transpose", "unstack", "view", "vsplit", "ndenumerate",
})  # fmt: skip
"""Functions and methods of arrays whose result can be a view of what they are given, or the same array."""

_NEW_BY_METHOD = (ELEMENTWISE | REDUCTIONS | frozenset({
    "argpartition", "argsort", "astype", "byteswap", "choose", "compress", "conjugate", "copy", "cumprod", "cumsum",
    "dot", "dump", "dumps", "fill", "flatten", "item", "itemset", "nonzero", "partition", "put", "repeat", "resize",
    "searchsorted", "setfield", "sort", "take", "tobytes", "tofile", "tolist", "toarray", "todense", "mode", "describe",
    "count", "index", "clear", "append", "extend", "insert", "reverse", "remove",
})) - {"real", "imag"}  # fmt: skip
"""Methods whose result, if any, holds nothing of the object that they are called on."""

_COPYING = frozenset({
    "bar", "errorbar", "fill_between", "hist", "hist2d", "imshow", "loglog", "plot", "scatter", "semilogx",
    "semilogy",
})  # fmt: skip
"""Functions and methods of matplotlib that draw copies of what they are given."""

_PYPLOT = frozenset({"matplotlib.pyplot", "pylab", "matplotlib.pylab"})

_STORING = frozenset({"append", "appendleft", "add", "extend", "extendleft", "insert", "setdefault", "update", "put"})
_PASSING = frozenset({
    "dict", "enumerate", "filter", "frozenset", "iter", "list", "map", "next", "reversed", "set", "sorted", "tuple",
    "zip", "getattr", "deque", "partial", "chain",
})  # fmt: skip
_READING = frozenset({
    "abs", "all", "any", "bool", "complex", "divmod", "float", "format", "hash", "id", "int", "isinstance", "len",
    "max", "min", "pow", "print", "range", "repr", "round", "str", "sum", "type", "hasattr", "callable",
})  # fmt: skip


def kept_by_method(name: str) -> Keeps:
    """Tell what a method keeps of the array, or of the container of arrays, that it is called on."""
    return Keeps.NOTHING if name in _NEW_BY_METHOD else Keeps.RESULT


def kept_by_call(call: ast.Call, argument: ast.expr) -> Keeps:
    """Tell what a call keeps of one of its arguments, by the name of what it calls."""
    name = called_name(call)
    given = next((each for each in call.keywords if each.value is argument), None)
    if given is not None and given.arg == "out":
        return Keeps.RESULT
    if name in (_READING if isinstance(call.func, ast.Name) else _COPYING):
        return Keeps.NOTHING
    if is_module_call(call) and isinstance(call.func, ast.Attribute):
        return _kept_by_module(call, name or "", argument)
    if isinstance(call.func, ast.Attribute):
        if name in _NEW_BY_METHOD and name not in _STORING:
            return Keeps.NOTHING
        return Keeps.RECEIVER if name in _STORING else Keeps.ANYTHING
    return Keeps.RESULT


def _kept_by_module(call: ast.Call, name: str, argument: ast.expr) -> Keeps:
    assert isinstance(call.func, ast.Attribute)
    owner = call.func.value
    is_numpy = isinstance(owner, ast.Name) and owner.id in {"np", "numpy"}
    if name in VIEWING or any(each.arg == "copy" for each in call.keywords):
        return Keeps.RESULT
    if name in ELEMENTWISE and call.args[2:] and argument in call.args[2:]:
        return Keeps.RESULT  # the third argument of many is `out`
    return Keeps.NOTHING if is_numpy or name in REDUCTIONS else Keeps.RESULT


def draws_on_figure(tree: SourceTree, call: ast.Call) -> bool:
    """Tell whether a call is pyplot's, or a method of what pyplot returned: pyplot keeps its figures by itself."""
    return _is_of_pyplot(tree, _root_name(call.func), set())


def _is_of_pyplot(tree: SourceTree, name: str, seen: set[str]) -> bool:
    if not name or name in seen:
        return False
    seen.add(name)
    for node in ast.walk(tree.root):
        match node:
            case ast.Import(names=names) if any((each.asname or each.name) == name for each in names):
                return any((each.asname or each.name) == name and each.name in _PYPLOT for each in names)
            case ast.ImportFrom(module=module, names=names):
                if any((each.asname or each.name) == name and f"{module}.{each.name}" in _PYPLOT for each in names):
                    return True
            case ast.Assign(targets=targets, value=ast.Call(func=func)):
                is_target = any(
                    isinstance(each, ast.Name) and each.id == name for target in targets for each in ast.walk(target)
                )
                if is_target and _is_of_pyplot(tree, _root_name(func), seen):
                    return True
    return False


def _root_name(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def local_function(tree: SourceTree, call: ast.Call) -> ast.FunctionDef | None:
    """Return the function of the same file that a call calls; ``None`` if that is unsure.

    ``f(x)``, ``self.f(x)``, or ``thing.f(x)`` where the file makes ``thing`` by calling one of its classes.
    """
    match call.func:
        case ast.Name(id=name):
            body: list[ast.stmt] = tree.root.body
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            body = next((outer.body for outer in tree.enclosing(call) if isinstance(outer, ast.ClassDef)), [])
        case ast.Attribute(value=ast.Name() | ast.Call() as owner, attr=name):
            body = _class_body(tree, owner)
        case _:
            return None
    found = [each for each in body if isinstance(each, ast.FunctionDef) and each.name == name]
    return found[0] if len(found) == 1 and not found[0].decorator_list else None


def _class_body(tree: SourceTree, owner: ast.Name | ast.Call) -> list[ast.stmt]:
    """Return the statements of the class of the same file that an object is of; none if that is unsure."""
    made: list[ast.expr | None] = [owner]
    if isinstance(owner, ast.Name):
        scope = tree.scope(owner)
        stores = [use for use in uses(scope, owner.id) if isinstance(use.ctx, ast.Store)]
        stores = stores or [use for use in uses(tree.root, owner.id) if isinstance(use.ctx, ast.Store)]
        statements = [tree.parents.get(use) for use in stores]
        made = [each.value if isinstance(each, ast.Assign) else None for each in statements]
    names = {each.func.id if isinstance(each, ast.Call) and isinstance(each.func, ast.Name) else "" for each in made}
    classes = [each for each in tree.root.body if isinstance(each, ast.ClassDef) and {each.name} == names]
    return classes[0].body if len(classes) == 1 else []


def parameter_of(function: ast.FunctionDef, call: ast.Call, given: ast.AST) -> str | None:
    """Return the parameter of a function of the same file that an argument of a call becomes; ``None`` if unsure."""
    if isinstance(given, ast.keyword):
        return given.arg
    if any(isinstance(each, ast.Starred) for each in call.args) or not any(each is given for each in call.args):
        return None
    names = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
    bound = names[1:] if isinstance(call.func, ast.Attribute) else names
    place = next(number for number, each in enumerate(call.args) if each is given)
    return bound[place] if place < len(bound) else None
