"""A large array of single precision that a small operand of double precision turns into double precision.

NumPy gives the result of ``spectrogram * frequencies`` the wider type of the two, also where the wide operand is a few
kilobytes, or one `numpy.float64`. The result takes twice the memory, and so does what is computed from it. Converting
the small operand is enough. A Python number does not make an array wider. This is not a problem where the result needs
double precision.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import numpy as np

from ndmem.advising.case import each_large
from ndmem.advising.derived import find_derived
from ndmem.advising.dtypes import dtype_of, is_dtype
from ndmem.advising.edits.making import is_numpy, replace_expression
from ndmem.advising.replay import Change
from ndmem.advising.source.operations import is_elementwise
from ndmem.advising.source.rewriting import in_single_precision
from ndmem.advising.source.syntax import operands, text_of
from ndmem.advising.suggestion import Suggestion
from ndmem.advising.values import moment_of, nbytes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.case import Case, Group
    from ndmem.advising.values import Moment
    from ndmem.model.advice.edit import Edit

CODE = "NM201"
NAME = "promoted-by-small-operand"

_SMALL = 50
"""An operand is small if the result is as many times as large."""


def suggest(case: Case) -> Iterator[Suggestion]:
    """Suggest to convert the small operand."""
    for group in each_large(case):
        node = group.place.node
        parts = operands(node)
        if not is_elementwise(node) or len(parts) != 2:
            continue
        moment, nbytes = moment_of(case, group), int(group.buffers.nbytes.max())
        for large, small in (parts, parts[::-1]):
            wide = dtype_of(moment, small)
            if not is_dtype(dtype_of(moment, large), np.dtype(np.float32)) or not isinstance(wide, np.dtype):
                continue
            if np.result_type(np.float32, wide) != np.dtype(np.float64) or not _is_small(case, moment, small, nbytes):
                continue
            if nbytes != 2 * (_nbytes(case, moment, large) or 0):
                continue
            derived = find_derived(case, group)
            scaled = [group, *derived.groups]
            more = [f"`{one}`" for one in derived.wide if one != text_of(small)]
            yield Suggestion(
                site=group.site,
                expression=group.expression,
                message=f"`{text_of(large)}` is float32, and the small `{text_of(small)}`, {wide}, makes the result "
                f"float64{'; convert ' + ', '.join(more) + ' as well' if more else ''}",
                fix=_write_fix(node, small),
                change=Change.all_of(Change.scale(one.buffers, 0.5) for one in scaled),
                evidence={
                    "nbytes": nbytes,
                    "count": len(group),
                    "dtype": "float32",
                    "small_dtype": str(wide),
                    "also": [one.expression for one in scaled[1:]],
                },
                edit=None if more else _edit(group, small),
            )


def _edit(group: Group, small: ast.expr) -> Edit | None:
    """Convert the operand, where it stands."""
    if not isinstance(group.place.node, ast.BinOp | ast.Call) or not is_numpy(group):
        return None
    return replace_expression(group.place.tree, small, text_of(in_single_precision(small)), is_exact=False)


def _groups_in(case: Case, node: ast.expr) -> Iterator[Group]:
    inside = set(ast.walk(node))
    for group in case.groups:
        if group.place.node in inside:
            yield group


def _is_small(case: Case, moment: Moment, node: ast.expr, nbytes: int) -> bool:
    """Tell whether an operand is small: its arrays are, or it is below what the run records."""
    sizes = [nbytes_of(moment, inner) for inner in ast.walk(node) if isinstance(inner, ast.Name | ast.Attribute)]
    sizes += [int(group.buffers.nbytes.max()) for group in _groups_in(case, node)]
    return all(size is None or size * _SMALL <= nbytes for size in sizes)


def _nbytes(case: Case, moment: Moment, node: ast.expr) -> int | None:
    made = next((group for group in _groups_in(case, node) if group.place.node is node), None)
    return int(made.buffers.nbytes.max()) if made is not None else nbytes_of(moment, node)


def _write_fix(node: ast.expr, small: ast.expr) -> str:
    narrow = in_single_precision(small)
    match node:
        case ast.BinOp(left=left, op=op, right=right):
            return text_of(ast.BinOp(narrow if left is small else left, op, narrow if right is small else right))
        case ast.Call():
            args = [narrow if given is small else given for given in node.args]
            return text_of(ast.Call(node.func, args, node.keywords))
        case _:
            return text_of(narrow)
