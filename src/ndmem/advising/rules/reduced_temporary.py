"""A temporary that a reduction consumes: it is as large as its operands and is read once.

``np.square(x).sum()`` computes all squares into a new array to add them up. Where one call reads the operands instead,
as ``np.vdot(x, x)`` does, there is no array at all; elsewhere blocks of rows need one small block of it. The rule looks
for temporaries that only lead, through operations on elements, to a reduction. This is not a problem where the
temporary is small beside the peak, or where its values are used again: then it has a name.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import numpy as np

from ndmem.advising.broadcasting import is_expanded, is_pairwise
from ndmem.advising.case import each_large
from ndmem.advising.dtypes import dtype_of
from ndmem.advising.edits.making import is_numpy, replace_expression
from ndmem.advising.replay import Change
from ndmem.advising.source.operations import is_elementwise, is_reduction, is_stored
from ndmem.advising.source.syntax import called_name, is_module_call, keyword, operands, text_of
from ndmem.advising.suggestion import Suggestion
from ndmem.advising.values import array_of, moment_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.case import Case, Group
    from ndmem.advising.source.syntax import Place
    from ndmem.model.edit import Edit

CODE = "NM101"
NAME = "reduced-temporary"


def suggest(case: Case) -> Iterator[Suggestion]:
    """Suggest to reduce without the temporaries below each reduction."""
    for reduction, groups in _by_reduction(case).items():
        outer = max(groups, key=lambda group: -_depth(group.place, reduction))
        largest, fix = max(int(group.buffers.nbytes.max()) for group in groups), _rewrite(case, reduction, outer)
        if fix is None and all(isinstance(group.place.node, ast.Compare) for group in groups):
            continue  # to count without the mask takes a loop, for an eighth of the operand's bytes
        yield Suggestion(
            site=outer.site,
            expression=outer.expression,
            message=f"`{outer.expression}` is a temporary array that `{called_name(reduction)}` reads once",
            fix=fix,
            change=Change.all_of(Change.drop(group.buffers) for group in groups),
            evidence={
                "nbytes": largest,
                "count": sum(map(len, groups)),
                "temporaries": [group.expression for group in groups],
            },
            edit=_edit(case, reduction, outer, fix),
        )


def _edit(case: Case, reduction: ast.expr, outer: Group, fix: str | None) -> Edit | None:
    """Replace a reduction of floating-point arrays that has no arguments but its axis."""
    assert isinstance(reduction, ast.Call)
    spare = len(reduction.args) - is_module_call(reduction)
    if spare > 1 or {given.arg for given in reduction.keywords} - {"axis"} or not is_numpy(outer):
        return None
    moment, temporary = moment_of(case, outer), outer.place.node
    read = _factors(temporary) or tuple(operands(temporary)[:1])
    types = [dtype_of(moment, each) for each in read]
    is_cast = called_name(temporary) == "astype"
    if not is_cast and not all(isinstance(kind, np.dtype) and kind.kind == "f" for kind in types):
        return None  # the negative of the smallest integer is itself, and complex numbers have no largest one
    is_exact = _factors(temporary) is None and not is_cast
    return replace_expression(outer.place.tree, reduction, fix, is_exact=is_exact)


def _by_reduction(case: Case) -> dict[ast.expr, list[Group]]:
    """Return the groups of temporaries that lead, through operations on elements alone, to each reduction."""
    found: dict[ast.expr, list[Group]] = {}
    for group in each_large(case):
        temporaries = group.temporaries()
        if not len(temporaries) or not _is_by_elements(group.place.node):
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
            if not _is_by_elements(outer):
                break
            inner = outer
    return found


def _is_by_elements(node: ast.expr) -> bool:
    return is_elementwise(node) or called_name(node) == "astype"


def _depth(place: Place, reduction: ast.expr) -> int:
    return next(depth for depth, outer in enumerate(place.consumers()) if outer is reduction)


def _rewrite(  # noqa: PLR0911  # one case for each kind of reduction
    case: Case, reduction: ast.expr, outer: Group
) -> str | None:
    """Write the reduction without a temporary; ``None`` where that takes a loop over blocks."""
    assert isinstance(reduction, ast.Call)
    name, axis, temporary = called_name(reduction), _axis(reduction), outer.place.node
    factors = _factors(temporary)
    if temporary not in operands(reduction)[:1]:
        return None  # NumPy put a further step into its memory
    if isinstance(temporary, ast.Compare):
        return _write_bound(temporary, name, axis)
    if factors is not None and name in {"sum", "mean"}:
        alike = _adds_up_alike(case, outer) and _have_equal_shapes(case, outer, factors)
        return _write_product(*factors, name, axis) if alike else None
    operand = next(iter(operands(temporary)), None)
    if operand is None or not is_stored(operand) or axis is not None:
        return None
    value, inner = text_of(operand), called_name(temporary)
    if inner == "astype" and name in {"sum", "mean", "prod", "std", "var"} and isinstance(temporary, ast.Call):
        return f"{value}.{name}(dtype={text_of(temporary.args[0])})" if len(temporary.args) == 1 else None
    if inner in {"abs", "absolute"} and name in {"max", "amax"}:
        return f"max({value}.max(), -{value}.min())"
    return f"np.isnan({value}.min())" if inner == "isnan" and name == "any" else None


def _write_bound(compared: ast.Compare, name: str | None, axis: ast.expr | None) -> str | None:
    """Write the test of all elements against a number as one of the smallest or the largest; both fail for NaN."""
    operator, bound = compared.ops[0], compared.comparators[0]
    if name != "all" or axis is not None or not is_stored(compared.left) or not isinstance(bound, ast.Constant):
        return None
    if isinstance(operator, ast.Gt | ast.GtE):
        extreme = "min"
    elif isinstance(operator, ast.Lt | ast.LtE):
        extreme = "max"
    else:
        return None
    reduced = ast.parse(f"{text_of(compared.left)}.{extreme}()", mode="eval").body
    return text_of(ast.Compare(reduced, compared.ops, compared.comparators))


def _adds_up_alike(case: Case, group: Group) -> bool:
    """Tell whether a product adds up to the same in one call.

    ``vdot`` conjugates complex numbers, and ``vdot`` and ``einsum`` add small integers in their own type, where ``sum``
    takes a wider one.
    """
    return case.dtype_of(int(group.rows[-1])) in {np.dtype(np.float32), np.dtype(np.float64)}


def _have_equal_shapes(case: Case, group: Group, factors: tuple[ast.expr, ast.expr]) -> bool:
    """Tell whether two factors have one shape, as functions of sums of products need it: they do not broadcast."""
    first, second = factors
    if text_of(first) == text_of(second):
        return True
    seen = [array_of(moment_of(case, group), each) for each in factors]
    return None not in seen and len({each.shape for each in seen if each is not None}) == 1


def _write_product(first: ast.expr, second: ast.expr, name: str, axis: ast.expr | None) -> str | None:
    """Write the sum or mean of a product of two stored arrays."""
    if not is_stored(first) or not is_stored(second):
        return None
    left, right = text_of(first), text_of(second)
    if axis is None:
        return f"np.vdot({left}, {right})" + (f" / np.size({left})" if name == "mean" else "")
    subscripts = {"0": "i...,i...->...", "1": "ij...,ij...->i...", "-1": "...i,...i->..."}.get(text_of(axis))
    if subscripts is None:
        return None
    divisor = f" / {left}.shape[{text_of(axis)}]" if name == "mean" else ""
    return f'np.einsum("{subscripts}", {left}, {right}){divisor}'


def _axis(reduction: ast.Call) -> ast.expr | None:
    """Return the axis that a reduction is along; ``None`` for all axes."""
    given = keyword(reduction, "axis")
    position = 1 if is_module_call(reduction) else 0
    return given if given is not None else next(iter(reduction.args[position : position + 1]), None)


def _factors(node: ast.expr) -> tuple[ast.expr, ast.expr] | None:
    """Return the two factors of a product, twice the base of a square; ``None`` for anything else."""
    match node:
        case ast.BinOp(op=ast.Mult(), left=left, right=right):
            return left, right
        case ast.BinOp(op=ast.Pow(), left=base, right=ast.Constant(value=2)):
            return base, base
        case ast.Call(args=[base]) if called_name(node) == "square":
            return base, base
        case _:
            return None
