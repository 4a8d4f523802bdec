"""All pairs of two arrays, computed at once and reduced at once.

``x[:, None] - y[None, :]`` has an element for each pair, and a reduction such as ``sum`` or ``argmin`` reads it once.
A function for distances, such as SciPy's ``cdist``, or blocks of rows need the result alone. It is not a problem if
the pairs themselves are wanted.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ndmem.advising.broadcasting import is_expanded, is_in_blocks, is_pairwise, rows_of
from ndmem.advising.case import each_large
from ndmem.advising.replay import Change
from ndmem.advising.source.consumption import find_consumption
from ndmem.advising.source.operations import is_elementwise
from ndmem.advising.source.syntax import Place, called_name, keyword, text_of
from ndmem.advising.suggestion import Suggestion
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.case import Case
    from ndmem.advising.source.consumption import Consumption
    from ndmem.advising.source.syntax import SourceTree

CODE = "NM401"
NAME = "broadcast-difference"


def suggest(case: Case) -> Iterator[Suggestion]:
    """Suggest to reduce the pairs without holding all of them."""
    for group in each_large(case):
        tree, node = group.place.tree, group.place.node
        if not is_pairwise(node) or is_in_blocks(tree, node) or not is_expanded(case, group):
            continue
        found = find_consumption(group.place)
        if found is None:
            continue
        # In blocks the temporaries that follow the reduction are as small as a block, too.
        after = [each for reduction in found.reductions for each in _inner_results(tree, reduction)]
        dropped = case.buffers.at(rows_of(case, [*found.carriers, *after]))
        nbytes = int(group.buffers.nbytes.max())
        reduction = called_name(found.reductions[0])
        yield Suggestion(
            site=group.site,
            expression=group.expression,
            message=f"`{group.expression}` has {format_nbytes(nbytes)} for all pairs, which `{reduction}` reads once",
            fix=_write_distance(tree, node, found),
            change=Change.drop(dropped),
            evidence={"nbytes": nbytes, "count": len(dropped), "reduction": reduction},
        )


def _inner_results(tree: SourceTree, reduction: ast.expr) -> list[ast.expr]:
    """Return a reduction and the operations on its elements, without the last one, whose value is kept."""
    found = [reduction]
    for outer in Place(tree, reduction).consumers():
        if not is_elementwise(outer):
            break
        found.append(outer)
    return found[:-1]


def _write_distance(tree: SourceTree, node: ast.expr, found: Consumption) -> str | None:
    """Write squared or plain Euclidean distances of points as a call of SciPy; ``None`` for anything else."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Sub) or len(found.reductions) != 1:
        return None
    points = [_points(side) for side in (node.left, node.right)]
    reduction = found.reductions[0]
    axis = keyword(reduction, "axis")
    if None in points or axis is None or text_of(axis) not in {"-1", "2"}:
        return None
    squares = any(_is_square(each) for each in found.carriers)
    if called_name(reduction) == "norm" or (squares and called_name(tree.parents[reduction]) == "sqrt"):
        return f"scipy.spatial.distance.cdist({points[0]}, {points[1]})"
    if called_name(reduction) == "sum" and squares:
        return f'scipy.spatial.distance.cdist({points[0]}, {points[1]}, "sqeuclidean")'
    return None


def _points(side: ast.expr) -> str | None:
    """Return the array of points, one a row, of which a side of the difference is a view with one more axis."""
    match side:
        case ast.Subscript(value=value) if text_of(side)[len(text_of(value)) :] in _AS_PAIRS:
            return text_of(value)
        case _:
            return None


_AS_PAIRS = frozenset(
    f"[{index}]".replace("None", axis)
    for index in ("None", ":, None", ":, None, :", "None, :", "None, :, :")
    for axis in ("None", "np.newaxis")
)


def _is_square(node: ast.expr) -> bool:
    match node:
        case ast.BinOp(op=ast.Pow(), right=ast.Constant(value=2)):
            return True
        case _:
            return called_name(node) == "square"
