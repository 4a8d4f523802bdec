"""Numbers that are Python objects: a list of floats, or an array of dtype object.

Needs ``ndmem run --deep``, which looks at the variables of functions when they return and of modules at the end of the
program. A float takes 32 bytes and the list 8 more to refer to it; in an array it takes 8. The rule looks for lists and
arrays of objects that have nothing but integers, floats and booleans. The saving is estimated from the sizes of the
objects, and it is one of resident memory: Python objects are not arrays, and no other figure of a report has them. This
is not a problem where the container has other objects too, or where Python shares its elements, as small integers.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ndmem.advising.replay import Change
from ndmem.advising.source.syntax import keyword, site_of, source_tree, text_of
from ndmem.advising.suggestion import Suggestion
from ndmem.model.advice.finding import Proof
from ndmem.model.site import Site
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.case import Case
    from ndmem.advising.source.syntax import SourceTree
    from ndmem.model.deep_facts import BoxedNumbers

CODE = "NM701"
NAME = "boxed-numbers"

_DTYPES = {"int": "np.int64", "bool": "np.bool_"}
_CODES = {"int": "q", "bool": "b"}
_CONTAINERS = ("an array", "a list")
_OBJECTS = frozenset({"object", "O"})


def suggest(case: Case) -> Iterator[Suggestion]:
    """Suggest an array of a dtype of numbers."""
    deep = case.index.trace.deep
    for boxed in () if deep is None else deep.boxed:
        tree = source_tree(case.index, boxed.filename)
        value = None if tree is None else _find_value(tree, boxed)
        if value is None:
            continue
        nbytes = boxed.nbytes - boxed.array_nbytes
        yield Suggestion(
            site=site_of(value, Site(boxed.filename, 0, 0, None, None, boxed.function)),
            expression=text_of(value),
            message=f"`{boxed.name}` is {_CONTAINERS[boxed.container == 'list']} of {boxed.count:,} Python objects "
            f"({boxed.element}), which take {format_nbytes(boxed.nbytes)}; an array of numbers takes "
            f"{format_nbytes(boxed.array_nbytes)}",
            fix=_write(value, boxed),
            change=Change.all_of([]),
            evidence={
                "nbytes": boxed.nbytes,
                "array_nbytes": boxed.array_nbytes,
                "count": boxed.count,
                "element": boxed.element,
                "container": boxed.container,
            },
            proof=Proof.ESTIMATED,
            resident_nbytes=nbytes,
        )


def _find_value(tree: SourceTree, boxed: BoxedNumbers) -> ast.expr | None:
    """Return the one expression that is assigned to the variable; ``None`` if there are none or several."""
    found: list[ast.expr] = []
    for node in ast.walk(tree.root):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name == boxed.name:
                found.append(value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if name == boxed.name:
                found.append(value)
    inside = [value for value in found if _function_of(tree, value) == boxed.function]
    return inside[0] if len(inside) == 1 else None


def _function_of(tree: SourceTree, node: ast.expr) -> str:
    scope = tree.scope(node)
    return scope.name if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef) else "<module>"


def _write(value: ast.expr, boxed: BoxedNumbers) -> str | None:
    """Write the expression so that it is an array; ``None`` for one whose function is not known to make numbers."""
    dtype = _DTYPES.get(boxed.element, "np.float64")
    match value:
        case ast.List(elts=[]) | ast.Call(func=ast.Name(id="list"), args=[]):
            # It grows by append, which an array of NumPy cannot.
            return f"array.array('{_CODES.get(boxed.element, 'd')}')"
        case ast.ListComp(elt=element, generators=generators):
            return f"np.fromiter({text_of(ast.GeneratorExp(element, generators))}, dtype={dtype})"
        case ast.Call(func=ast.Attribute(value=made, attr="tolist"), args=[]):
            return text_of(made)
        case ast.Call(func=ast.Name(id="list"), args=[made]):
            return f"np.fromiter({text_of(made)}, dtype={dtype})"
        case ast.Call() if boxed.container != "list":
            return _without_objects(value, ast.parse(dtype, mode="eval").body)
        case _:
            return f"np.array({text_of(value)}, dtype={dtype})" if boxed.container == "list" else None


def _without_objects(call: ast.Call, dtype: ast.expr) -> str:
    """Write a call with a dtype of numbers in place of ``object``, or a conversion of its result."""

    def is_object(node: ast.expr) -> bool:
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Constant(value=str() as name):
                return name in _OBJECTS
            case _:
                return False

    given = keyword(call, "dtype")
    if (given is not None and is_object(given)) or any(map(is_object, call.args)):
        args = [dtype if is_object(one) else one for one in call.args]
        keywords = [ast.keyword(one.arg, dtype if one.value is given else one.value) for one in call.keywords]
        return text_of(ast.Call(call.func, args, keywords))
    return f"{text_of(call)}.astype({text_of(dtype)})"
