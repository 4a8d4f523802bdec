"""A temporary that an operation on elements consumes, where its result could take the temporary's memory.

NumPy reuses a temporary only in some operators. In ``np.exp(a * b)`` the product is an array of its own, and the result
is another one: the peak has both. Computed in steps with ``out=``, the result overwrites the product. This is not a
problem where NumPy reused the memory, where the result has another size or type, or where the arrays are small beside
the peak: the rule looks at what was allocated. A chain of operators that most versions of NumPy compute in one
temporary is left alone, unless three temporaries of it were live at once.
"""

from __future__ import annotations

import ast
import itertools
from typing import TYPE_CHECKING

import numpy as np

from ndmem.advising.case import each_large
from ndmem.advising.dtypes import dtype_of, dtype_of_buffer
from ndmem.advising.edits.calling import gets_only_arrays
from ndmem.advising.edits.making import is_numpy, is_quiet, replace_expression, replace_statement
from ndmem.advising.replay import Change
from ndmem.advising.source.operations import is_elementwise, is_reduction, is_stored
from ndmem.advising.source.rewriting import in_place
from ndmem.advising.source.syntax import called_name, names_in, operands, text_of
from ndmem.advising.suggestion import Suggestion
from ndmem.advising.values import moment_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.case import Case, Group
    from ndmem.advising.source.syntax import Place
    from ndmem.model.advice.edit import Edit
    from ndmem.model.columns import Int64s

CODE = "NM103"
NAME = "temporary-of-elementwise"

_FREE_NAMES = ("result", *(f"result_{number}" for number in range(2, 1000)))
"""Names for a variable that the program has not got."""


def suggest(case: Case) -> Iterator[Suggestion]:
    """Suggest to compute step by step in the memory of the innermost temporary."""
    groups = {group.place.node: group for group in case.groups}
    best: dict[ast.expr, Suggestion] = {}
    for root in each_large(case):
        suggestion = _suggest_hypot(groups, root)
        if suggestion is not None:
            best[root.place.node] = suggestion
    for first in each_large(case):
        steps, code, all_reused = _steps(first.place)
        made = [first, *(groups[step] for step in steps if step in groups)]
        if len(made) < 2 or not first.temporary.any() or not _same_dtype(case, first, made[-1]):
            continue
        if all_reused and not _joins_two(case, groups, made):
            continue
        pairs = [_pair(case, inner, outer) for inner, outer in itertools.pairwise(made)]
        if not all(map(len, pairs)):
            continue
        change = Change.all_of(Change.reuse(case.buffers.at(rows[:, 1]), case.buffers.at(rows[:, 0])) for rows in pairs)
        last = made[-1]
        suggestion = Suggestion(
            site=last.site,
            expression=last.expression,
            message=f"`{first.expression}` is a temporary array as large as the result, which could take its memory",
            fix=f"result = {text_of(first.place.node)}; {code}",
            change=change,
            evidence={
                "nbytes": int(first.buffers.nbytes.max()),
                "count": len(pairs[-1]),
                "temporary": first.expression,
            },
            edit=_edit(case, made, steps),
        )
        known = best.get(last.place.node)
        if known is None or change.nbytes.sum() > known.change.nbytes.sum():
            best[last.place.node] = suggestion
    yield from best.values()


def _suggest_hypot(groups: dict[ast.expr, Group], root: Group) -> Suggestion | None:
    """Suggest ``np.hypot`` for the root of a sum of two squares: it needs none of them as an array."""
    total = _under_root(root.place.node)
    if not isinstance(total, ast.BinOp) or not isinstance(total.op, ast.Add):
        return None
    sides = [_squared(total.left), _squared(total.right)]
    if sides[0] is None or sides[1] is None:
        return None
    squares = [groups[part] for part in (total.left, total.right, total) if part in groups]
    temporary = [group.only(group.temporary & group.direct) for group in squares]
    if not any(map(len, temporary)) or len(squares) < 2:  # one of them alone is a number
        return None
    fix = f"np.hypot({text_of(sides[0])}, {text_of(sides[1])})"
    return Suggestion(
        site=root.site,
        expression=root.expression,
        message=f"`{text_of(total.left)}` and `{text_of(total.right)}` are temporary arrays as large as the result",
        fix=fix,
        change=Change.all_of(Change.drop(group.buffers) for group in temporary),
        evidence={"nbytes": int(root.buffers.nbytes.max()), "count": len(root), "temporary": text_of(total)},
        edit=replace_expression(root.place.tree, root.place.node, fix, is_exact=False) if is_numpy(root) else None,
    )


def _under_root(node: ast.expr) -> ast.expr | None:
    match node:
        case ast.Call(func=ast.Attribute(), args=[operand], keywords=[]) if called_name(node) == "sqrt":
            return operand
        case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=0.5)):
            return left
        case _:
            return None


def _squared(node: ast.expr) -> ast.expr | None:
    match node:
        case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=2)):
            return left
        case ast.BinOp(left=left, op=ast.Mult(), right=right) if is_stored(left) and text_of(left) == text_of(right):
            return left
        case ast.Call(args=[operand], keywords=[]) if called_name(node) == "square":
            return operand
        case _:
            return None


def _edit(case: Case, made: list[Group], steps: list[ast.expr]) -> Edit | None:
    """Compute in steps, where the last one is the whole value of a variable or of a function."""
    first, last = made[0], made[-1]
    statement, moment = first.place.statement, moment_of(case, first)
    kinds = {str(dtype_of_buffer(moment, int(group.rows[-1]), group.place.node)) for group in made}
    if len(kinds) > 1 or "None" in kinds or not all(map(is_numpy, made)) or last.place.node is not steps[-1]:
        return None
    if not gets_only_arrays(case, first):
        return None
    used = names_in(first.place.tree.root)
    lines: list[str] | None = None
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if value is steps[-1]:
            lines = [] if name not in names_in(value) else None
        case ast.Return(value=ast.expr() as value) if value is steps[-1]:
            name = next(name for name in _FREE_NAMES if name not in used)
            lines = [f"return {name}"]
        case _:
            return None
    if lines is None or not is_quiet(value):
        return None
    before = [first.place.node, *steps]
    code = [in_place(step, inner, name) for inner, step in itertools.pairwise(before)]
    text = "\n".join([f"{name} = {text_of(first.place.node)}", *map(str, code), *lines])
    return None if "~(" in text else replace_statement(first.place.tree, statement, text)


def _steps(place: Place) -> tuple[list[ast.expr], str, bool]:
    """Return the operations on elements around a temporary, the innermost first, and their code in place.

    The third value tells whether NumPy computes all of them in one temporary by itself, in most of its versions.
    """
    if not is_elementwise(place.node):
        return [], "", True
    inner, steps, code, all_reused = place.node, list[ast.expr](), list[str](), True
    for outer in place.consumers():
        written = in_place(outer, inner, "result") if inner in operands(outer) and is_elementwise(outer) else None
        if written is None:
            # What a reduction reads once needs no array at all.
            return ([], "", True) if is_reduction(outer) else (steps, "; ".join(code), all_reused)
        all_reused = all_reused and _is_reused_by_numpy(outer, inner)
        inner = outer
        steps.append(outer)
        code.append(written)
    return steps, "; ".join(code), all_reused


def _joins_two(case: Case, groups: dict[ast.expr, Group], made: list[Group]) -> bool:
    """Tell whether an operation of a chain had two temporaries as operands, and its result was a third one."""
    for inner, outer in itertools.pairwise(made):
        beside = [
            groups[each] for each in operands(outer.place.node) if each is not inner.place.node and each in groups
        ]
        if outer.temporary.any() and any(len(_pair(case, other, outer)) for other in beside):
            return True
    return False


def _is_reused_by_numpy(step: ast.expr, temporary: ast.expr) -> bool:
    """Tell whether NumPy puts the result of an operator into a temporary by itself.

    Some versions cannot tell a temporary from a variable and do not; to write such a chain in steps helps little then.
    """
    match step:
        case ast.BinOp(left=left, op=op):
            return left is temporary or isinstance(op, ast.Add | ast.Mult | ast.BitAnd | ast.BitOr | ast.BitXor)
        case ast.UnaryOp():
            return True
        case _:
            return False


def _pair(case: Case, inner: Group, outer: Group) -> Int64s:
    """Return the rows of each temporary and of the result that was allocated while it lived, shape (k, 2)."""
    born, died = inner.buffers.born, inner.buffers.died
    place = np.searchsorted(outer.buffers.born, born)
    found = inner.temporary & (place < len(outer))
    rows = outer.rows[place[found]]
    pairs = np.stack([inner.rows[found], rows], axis=1)
    buffers = case.buffers
    fits = (buffers.born[rows] < died[found]) & (buffers.nbytes[rows] == buffers.nbytes[pairs[:, 0]])
    fitting: Int64s = pairs[fits]
    return fitting


def _same_dtype(case: Case, first: Group, last: Group) -> bool:
    moment = moment_of(case, first)
    was = dtype_of(moment, first.place.node)
    now = dtype_of_buffer(moment, int(last.rows[-1]), last.place.node)
    return was == now or was is None or now is None
