"""Small integers that become double precision: eight bytes for each value of one or two.

Division, a mean that is subtracted, ``astype(float)`` and a float64 operand turn arrays of 8 and 16 bits, and booleans,
into float64. Single precision represents all these integers exactly and takes half the memory; what is computed from
the result element by element is halved, too. This is not a problem where later steps need more than seven digits, as
long sums do, or where the result is small beside the peak.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import numpy as np

from ndmem.advising.case import each_large
from ndmem.advising.derived import find_derived
from ndmem.advising.dtypes import dtype_of, dtype_of_buffer, is_dtype, written_dtype
from ndmem.advising.edits.making import is_numpy, replace_expression
from ndmem.advising.replay import Change
from ndmem.advising.source.operations import is_elementwise
from ndmem.advising.source.rewriting import in_single_precision
from ndmem.advising.source.syntax import called_name, keyword, operands, text_of
from ndmem.advising.suggestion import Suggestion
from ndmem.advising.values import moment_of, nbytes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.case import Case
    from ndmem.advising.values import Moment

CODE = "NM202"
NAME = "small-integers-to-float64"

_CONVERTERS = frozenset({"astype", "array", "asarray", "ascontiguousarray", "asfortranarray", "asanyarray"})


def suggest(case: Case) -> Iterator[Suggestion]:
    """Suggest single precision."""
    for group in each_large(case):
        node, moment = group.place.node, moment_of(case, group)
        nbytes = int(group.buffers.nbytes.max())
        source = next((part for part in operands(node) if _is_source(moment, part, nbytes)), None)
        if source is None:
            continue
        fix = _write_conversion(moment, node) if called_name(node) in _CONVERTERS else _write_operation(node, source)
        result = dtype_of_buffer(moment, int(group.rows[-1]), node)
        if (
            fix is None
            or not is_dtype(result, np.dtype(np.float64))
            or not _others_are_small(moment, node, source, nbytes)
        ):
            continue
        derived = find_derived(case, group)
        scaled = [group, *derived.groups]
        more = f"; convert {', '.join(f'`{one}`' for one in derived.wide)} as well" if derived.wide else ""
        kind = dtype_of(moment, source)
        yield Suggestion(
            site=group.site,
            expression=group.expression,
            message=f"`{text_of(source)}` is {kind} and the result float64; float32 holds every {kind} exactly{more}",
            fix=fix,
            change=Change.all_of(Change.scale(one.buffers, 0.5) for one in scaled),
            evidence={
                "nbytes": nbytes,
                "count": len(group),
                "dtype": str(kind),
                "also": [one.expression for one in scaled[1:]],
            },
            edit=replace_expression(group.place.tree, node, fix, is_exact=False)
            if is_numpy(group) and not more
            else None,
        )


def _is_source(moment: Moment, node: ast.expr, nbytes: int) -> bool:
    """Tell whether an operand is an array of small integers with as many elements as a float64 result."""
    kind, size = dtype_of(moment, node), nbytes_of(moment, node)
    if not isinstance(kind, np.dtype) or kind.kind not in "biu" or kind.itemsize > 2:
        return False
    return size is not None and size * 8 == nbytes * kind.itemsize


def _others_are_small(moment: Moment, node: ast.expr, source: ast.expr, nbytes: int) -> bool:
    others = [part for part in operands(node) if part is not source]
    sizes = [nbytes_of(moment, part) for part in others if isinstance(part, ast.Name | ast.Attribute)]
    return all(size is None or size * 50 <= nbytes for size in sizes)


def _write_conversion(moment: Moment, call: ast.expr) -> str | None:
    """Write a conversion with ``np.float32``; ``None`` if it does not name float64."""
    assert isinstance(call, ast.Call)
    given = keyword(call, "dtype")
    if given is None and called_name(call) == "astype":
        given = next(iter(call.args), None)
    if given is None or not is_dtype(written_dtype(moment, given), np.dtype(np.float64)):
        return None
    narrow = ast.parse("np.float32", mode="eval").body
    args = [narrow if one is given else one for one in call.args]
    keywords = [ast.keyword(one.arg, narrow if one.value is given else one.value) for one in call.keywords]
    return text_of(ast.Call(call.func, args, keywords))


def _write_operation(node: ast.expr, source: ast.expr) -> str | None:
    """Write an operation with the other operand in single precision; ``None`` if there is no other."""
    if not isinstance(node, ast.BinOp) or not is_elementwise(node):
        return None
    parts = [part if part is source else in_single_precision(part) for part in (node.left, node.right)]
    return text_of(ast.BinOp(parts[0], node.op, parts[1]))
