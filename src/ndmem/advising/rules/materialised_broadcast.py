"""An array that repeats what broadcasting would repeat by itself.

``np.meshgrid`` without ``sparse=True``, the indices of ``np.fromfunction``, ``np.tile`` and ``np.repeat`` along an
axis, ``np.diag(w)`` in a product and an outer product that a reduction reads allocate each repetition, or the zeros. An
operation on elements broadcasts an axis of length 1 without copies. It is not a problem if the array is written to,
returned, or given to code that needs it whole.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndmem.advising.broadcasting import adds_axis, is_expanded, nbytes_of, rows_of
from ndmem.advising.case import each_large
from ndmem.advising.edits.making import replace_expression
from ndmem.advising.replay import Change
from ndmem.advising.source.consumption import find_consumption, readings, variable_readings
from ndmem.advising.source.operations import OPERATORS, is_elementwise
from ndmem.advising.source.syntax import Place, called_name, is_module_call, keyword, names_in, operands, text_of
from ndmem.advising.suggestion import Suggestion
from ndmem.advising.values import array_of, moment_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.case import Case, Group
    from ndmem.advising.source.syntax import SourceTree
    from ndmem.model.advice.edit import Edit

CODE = "NM402"
NAME = "materialised-broadcast"

_MODULES = frozenset({"np", "numpy"})


@dataclass(frozen=True, slots=True)
class _Instead:
    """What to write instead, in words and as code, and the expressions that allocate nothing large then."""

    message: str
    fix: str | None
    dropped: list[ast.expr]
    edit: Edit | None = None


def suggest(case: Case) -> Iterator[Suggestion]:
    """Suggest to let broadcasting repeat."""
    for group in each_large(case):
        node = group.place.node
        if not isinstance(node, ast.Call) or not is_module_call(node):
            continue
        look = _LOOKS.get(called_name(node) or "")
        instead = None if look is None else look(case, group, node)
        if instead is None:
            continue
        dropped = case.buffers.at(rows_of(case, instead.dropped))
        yield Suggestion(
            site=group.site,
            expression=group.expression,
            message=instead.message,
            fix=instead.fix,
            change=Change.drop(dropped),
            evidence={"nbytes": int(group.buffers.nbytes.max()), "count": len(dropped)},
            edit=instead.edit,
        )


def _look_at_grid(case: Case, group: Group, node: ast.Call) -> _Instead | None:
    """Look for grids that are only read by operations on elements of all of them."""
    statement, tree = group.place.statement, group.place.tree
    match statement:
        case ast.Assign(targets=[ast.Tuple(elts=[*targets])], value=value) if value is node and len(targets) > 1:
            names = [target.id for target in targets if isinstance(target, ast.Name)]
        case _:
            return None
    if len(names) != len(targets) or keyword(node, "sparse") is not None:
        return None
    partial: list[ast.expr] = []
    for name in names:
        reads = variable_readings(tree, node, name)
        if not reads:
            return None
        for read in reads:
            inner = _climb_until(case, tree, read, set(names))
            if inner is None:
                return None
            partial += inner
    return _Instead(
        f"the grids {' and '.join(f'`{name}`' for name in names)} repeat their coordinates along the other axes",
        f"{', '.join(names)} = {text_of(node)[:-1]}, sparse=True)",
        [node, *partial],
        replace_expression(tree, node, f"{text_of(node)[:-1]}, sparse=True)"),
    )


def _climb_until(case: Case, tree: SourceTree, read: ast.expr, names: set[str]) -> list[ast.expr] | None:
    """Return the operations on one grid alone, up to that which joins all of them; ``None`` if there are others.

    None of them if that operation allocated nothing: NumPy reused their memory for its result, which is as large then.
    """
    alone: list[ast.expr] = []
    inner = read
    for outer in Place(tree, read).consumers():
        if not is_elementwise(outer) or inner not in operands(outer):
            return None
        if names <= names_in(outer):
            return alone if len(rows_of(case, [outer])) else []
        if len(names_in(outer) - _MODULES) == 1:
            alone.append(outer)
        inner = outer
    return None


def _look_at_function(case: Case, group: Group, node: ast.Call) -> _Instead | None:
    """Look for a function of indices that joins those of all axes by operations on elements."""
    tree = group.place.tree
    match node.args:
        case [ast.Lambda(args=ast.arguments(args=[_, _, *_] as parameters), body=body) as function, shape]:
            names = {parameter.arg for parameter in parameters}
        case _:
            return None
    reads = [each for each in ast.walk(body) if isinstance(each, ast.Name) and each.id in names]
    alone = [_climb_until(case, tree, read, names) for read in reads]
    if not names <= names_in(body) or None in alone:
        return None
    dtype = keyword(node, "dtype")
    kept = "float" if dtype is None else text_of(dtype)
    fix = f"({text_of(function)})(*np.indices({text_of(shape)}, dtype={kept}, sparse=True))"
    is_plain = {given.arg for given in node.keywords} <= {"dtype"}
    return _Instead(
        "`fromfunction` passes an array of indices for each axis, which repeats them along the other axes",
        fix,
        [node, *(each for part in alone for each in part or [])],
        replace_expression(tree, node, fix) if is_plain else None,
    )


def _look_at_repetition(case: Case, group: Group, node: ast.Call) -> _Instead | None:
    """Look for repetitions that only meet arrays of their own size in operations on elements."""
    short = _short_operand(node)
    reads = [node] if _updates(group.place.tree, node) else readings(group.place)
    if short is None or not reads or not all(_meets_equal(case, group, read) for read in reads):
        return None
    text = text_of(short)
    return _Instead(f"`{called_name(node)}` repeats `{text}`, which broadcasting does without a copy", text, [node])


def _short_operand(node: ast.Call) -> ast.expr | None:
    """Return what broadcasts like the repetition: along new first axes, or along an axis of length 1."""
    match node:
        case ast.Call(args=[short, ast.Tuple(elts=[_, *rest])]) if called_name(node) == "tile":
            return (
                short
                if rest and all(isinstance(each, ast.Constant) and each.value == 1 for each in rest)
                else (short if adds_axis(short) and _is_last_only(rest, node.args[1]) else None)
            )
        case ast.Call(args=[short, _]) if called_name(node) == "repeat" and keyword(node, "axis") is not None:
            return short if adds_axis(short) else None
        case _:
            return None


def _is_last_only(rest: list[ast.expr], repetitions: ast.expr) -> bool:
    assert isinstance(repetitions, ast.Tuple)
    first = repetitions.elts[0]
    return len(rest) == 1 and isinstance(first, ast.Constant) and first.value == 1


def _meets_equal(case: Case, group: Group, read: ast.expr) -> bool:
    """Tell whether an operation on elements reads an array together with another one that is as large."""
    if _updates(group.place.tree, read):
        return True  # in place: the target has the size of the result
    outer = next(iter(Place(group.place.tree, read).consumers()), None)
    if outer is None or not is_elementwise(outer) or read not in operands(outer):
        return False
    others = [each for each in operands(outer) if each is not read]
    known = [nbytes_of(case, group, each) for each in others]
    return any(each is not None and each >= int(group.buffers.nbytes[0]) for each in known)


def _updates(tree: SourceTree, node: ast.expr) -> bool:
    """Tell whether an array is the operand of an update in place."""
    outer = tree.parents.get(node)
    return isinstance(outer, ast.AugAssign) and type(outer.op) in OPERATORS


def _look_at_diagonal(case: Case, group: Group, node: ast.Call) -> _Instead | None:
    """Look for a diagonal matrix that is a factor of a matrix product."""
    reads = readings(group.place)
    if reads is None or len(node.args) != 1 or not is_expanded(case, group):
        return None
    products = [_write_product(group.place.tree, read, text_of(node.args[0])) for read in reads]
    if not products or None in products:
        return None
    weights = text_of(node.args[0])
    return _Instead(
        f"`{text_of(node)}` is a matrix of zeros but for its diagonal, and a factor of a product",
        products[0] if len(products) == 1 else f"{weights}[:, None] * …",
        [node],
        _edit_product(case, group, reads[0], products[0]) if len(products) == 1 and reads[0] is node else None,
    )


def _edit_product(case: Case, group: Group, read: ast.expr, product: str | None) -> Edit | None:
    """Write the product by elements, if the other factor is a matrix too."""
    tree, moment = group.place.tree, moment_of(case, group)
    outer = tree.parents[read]
    others = [part for part in operands(outer) if part is not read] if isinstance(outer, ast.BinOp) else []
    seen = [array_of(moment, part) for part in others]
    if len(seen) != 1 or seen[0] is None or len(seen[0].shape) != 2 or not isinstance(outer, ast.expr):
        return None
    return replace_expression(tree, outer, product, is_exact=False)


def _write_product(tree: SourceTree, read: ast.expr, weights: str) -> str | None:
    """Write the product with a diagonal matrix by elements; ``None`` if the matrix is not a factor."""
    column = f"{weights}[:, None]"
    match tree.parents.get(read):
        case ast.BinOp(op=ast.MatMult(), left=left, right=right):
            return f"{column} * {text_of(right)}" if left is read else f"{text_of(left)} * {weights}"
        case ast.Call(args=[left, right]) as call if called_name(call) in {"dot", "matmul"}:
            return f"{column} * {text_of(right)}" if left is read else f"{text_of(left)} * {weights}"
        case ast.Call(func=ast.Attribute(value=left, attr="dot"), args=[right]) if right is read:
            return f"{text_of(left)} * {weights}"
        case _:
            return None


def _look_at_outer(case: Case, group: Group, node: ast.Call) -> _Instead | None:
    """Look for an outer product that reductions consume."""
    if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Attribute):
        return None  # np.subtract.outer: NM401's
    found = find_consumption(group.place)
    if found is None or len(node.args) != 2 or not is_expanded(case, group):
        return None
    first, second = map(text_of, node.args)
    is_sum = len(found.carriers) == 1 and called_name(found.reductions[0]) == "sum" and not found.reductions[0].args
    return _Instead(
        f"`{text_of(node)}` has all products, which `{called_name(found.reductions[0])}` reads once",
        f"{first}.sum() * {second}.sum()" if is_sum and not found.reductions[0].keywords else None,
        list(found.carriers),
    )


_LOOKS = {
    "meshgrid": _look_at_grid,
    "fromfunction": _look_at_function,
    "tile": _look_at_repetition,
    "repeat": _look_at_repetition,
    "diag": _look_at_diagonal,
    "outer": _look_at_outer,
}
