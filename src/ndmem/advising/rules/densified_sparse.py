"""A sparse matrix made dense for a part of it, or for a sum.

``matrix.toarray()`` allocates all zeros. An index before it, ``matrix[[i]].toarray()[0]``, allocates one row, and
sparse matrices have ``sum``, ``mean`` and ``max`` of their own. It is not a problem if the dense matrix is needed as
a whole.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ndmem.advising.case import each_large
from ndmem.advising.edits.making import replace_expression
from ndmem.advising.replay import Change
from ndmem.advising.source.consumption import readings
from ndmem.advising.source.syntax import called_name, text_of
from ndmem.advising.suggestion import Suggestion
from ndmem.advising.values import assigned_values, moment_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.case import Case, Group
    from ndmem.advising.source.syntax import Place
    from ndmem.model.advice.edit import Edit

CODE = "NM404"
NAME = "densified-sparse"

_OF_SPARSE = frozenset({"sum", "mean", "max", "min", "argmax", "argmin", "diagonal", "trace", "count_nonzero"})


_PRODUCTS = frozenset({"dot", "matmul"})
"""Functions that multiply matrices: the product of a sparse one and an array is the same array."""

_WITH_ROWS = frozenset({"csr_array", "csr_matrix", "tocsr"})


def suggest(case: Case) -> Iterator[Suggestion]:
    """Suggest to index or to reduce the sparse matrix itself."""
    for group in each_large(case):
        node = group.place.node
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr not in {"toarray", "todense"} or node.args or not _is_read_in_part(group.place):
            continue
        matrix, fix = text_of(node.func.value), _write(group.place, text_of(node.func.value))
        yield Suggestion(
            site=group.site,
            expression=group.expression,
            message=f"the sparse `{matrix}` is made dense, and only indexes, reductions and products read it",
            fix=fix,
            change=Change.drop(group.buffers),
            evidence={"nbytes": int(group.buffers.nbytes.max()), "count": len(group)},
            edit=_edit(case, group, node.func.value, fix),
        )


def _edit(case: Case, group: Group, matrix: ast.expr, fix: str | None) -> Edit | None:
    """Index before the conversion, if the matrix has rows: not all formats can be indexed."""
    outer = next(iter(group.place.consumers()), None)
    if (
        not isinstance(matrix, ast.Name)
        or not isinstance(outer, ast.Subscript)
        or called_name(group.place.node) != "toarray"
    ):
        return None
    made = assigned_values(moment_of(case, group), matrix)
    if not made or not all(called_name(value) in _WITH_ROWS for value in made):
        return None
    return replace_expression(group.place.tree, outer, fix)


def _is_read_in_part(place: Place) -> bool:
    reads = readings(place)
    if not reads:
        return False
    outer = [next(iter(type(place)(place.tree, read).consumers()), None) for read in reads]
    return all(
        isinstance(each, ast.Subscript)
        or (isinstance(each, ast.Call) and called_name(each) in _OF_SPARSE | _PRODUCTS)
        or (isinstance(each, ast.BinOp) and isinstance(each.op, ast.MatMult))
        for each in outer
    )


def _write(place: Place, matrix: str) -> str | None:
    """Write the reading of one row, or the reduction, of the sparse matrix; ``None`` if it is read elsewhere."""
    outer = next(iter(place.consumers()), None)
    match outer:
        case ast.Subscript(slice=ast.Constant() | ast.Name() as row):
            return f"{matrix}[[{text_of(row)}]].toarray()[0]"
        case ast.BinOp(left=left, op=ast.MatMult(), right=right):
            return f"{matrix} @ {text_of(right)}" if left is place.node else f"{text_of(left)} @ {matrix}"
        case ast.Call(args=[left, right]) if called_name(outer) in _PRODUCTS and place.node in (left, right):
            return f"{matrix} @ {text_of(right)}" if left is place.node else f"{text_of(left)} @ {matrix}"
        case ast.Call(func=ast.Attribute(value=value)) if value is place.node:
            return text_of(outer).replace(text_of(value), matrix, 1)
        case _:
            return None
