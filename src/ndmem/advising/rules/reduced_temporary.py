"""A temporary that a reduction consumes: it is as large as its operands and is read once."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ndmem.advising.broadcasting import is_expanded, is_pairwise
from ndmem.advising.case import each_large
from ndmem.advising.operations import is_elementwise, is_reduction, is_stored
from ndmem.advising.replay import Change
from ndmem.advising.suggestion import Suggestion
from ndmem.advising.syntax import called_name, is_module_call, keyword, operands, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.case import Case, Group
    from ndmem.advising.syntax import Place

CODE = "NM101"
NAME = "reduced-temporary"


def suggest(case: Case) -> Iterator[Suggestion]:
    """Suggest to reduce without the temporaries below each reduction."""
    for reduction, groups in _by_reduction(case).items():
        outer = max(groups, key=lambda group: -_depth(group.place, reduction))
        whole, fix = _rewrite(reduction, outer.place.node)
        dropped = groups if whole else [outer]
        largest = max(int(group.buffers.nbytes.max()) for group in dropped)
        yield Suggestion(
            site=outer.site,
            expression=outer.expression,
            message=f"`{outer.expression}` is a temporary array that `{called_name(reduction)}` reads once",
            fix=fix,
            change=Change.all_of(Change.drop(group.buffers) for group in dropped),
            evidence={
                "nbytes": largest,
                "count": sum(map(len, dropped)),
                "temporaries": [group.expression for group in dropped],
            },
        )


def _by_reduction(case: Case) -> dict[ast.expr, list[Group]]:
    """Return the groups of temporaries that lead, through operations on elements alone, to each reduction."""
    found: dict[ast.expr, list[Group]] = {}
    for group in each_large(case):
        temporaries = group.temporaries()
        if not len(temporaries) or not is_elementwise(group.place.node):
            continue
        if is_pairwise(group.place.node) and is_expanded(case, group):
            continue  # NM401's: its fix computes no pairs
        inner = group.place.node
        for outer in group.place.consumers():
            if inner not in operands(outer):
                continue  # a keyword, a starred argument
            if is_reduction(outer):
                found.setdefault(outer, []).append(temporaries)
                break
            if not is_elementwise(outer):
                break
            inner = outer
    return found


def _depth(place: Place, reduction: ast.expr) -> int:
    return next(depth for depth, outer in enumerate(place.consumers()) if outer is reduction)


def _rewrite(reduction: ast.expr, temporary: ast.expr) -> tuple[bool, str | None]:
    """Return whether the fix needs no temporary at all, and its code, where one statement does it."""
    assert isinstance(reduction, ast.Call)
    name, axis = called_name(reduction), _axis(reduction)
    factors = _factors(temporary)
    if factors is not None and name in {"sum", "mean"} and axis is None:
        first, second = factors
        divisor = f" / np.size({first})" if name == "mean" else ""
        if is_stored(ast.parse(first, mode="eval").body) and is_stored(ast.parse(second, mode="eval").body):
            return True, f"np.vdot({first}, {second}){divisor}"
        if first == second:
            return False, f"difference = {first}; np.vdot(difference, difference){divisor.replace(first, 'difference')}"
    match temporary:
        case ast.Call(args=[operand]) if called_name(temporary) in {"abs", "absolute"} and is_stored(operand):
            value = text_of(operand)
            if name in {"max", "amax"} and axis is None:
                return True, f"max({value}.max(), -{value}.min())"
        case ast.Call(args=[operand]) if called_name(temporary) == "isnan" and name == "any" and axis is None:
            if is_stored(operand):
                return True, f"np.isnan({text_of(operand)}.min())"
    return True, None


def _axis(reduction: ast.Call) -> ast.expr | None:
    """Return the axis that a reduction is along; ``None`` for all axes."""
    given = keyword(reduction, "axis")
    position = 1 if is_module_call(reduction) else 0
    return given if given is not None else next(iter(reduction.args[position : position + 1]), None)


def _factors(node: ast.expr) -> tuple[str, str] | None:
    """Return the two factors of a product, twice the base of a square; ``None`` for anything else."""
    match node:
        case ast.BinOp(op=ast.Mult(), left=left, right=right):
            return text_of(left), text_of(right)
        case ast.BinOp(op=ast.Pow(), left=base, right=ast.Constant(value=2)):
            return text_of(base), text_of(base)
        case ast.Call(args=[base]) if called_name(node) == "square":
            return text_of(base), text_of(base)
        case _:
            return None
