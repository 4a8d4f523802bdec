"""Overlapping windows of an array, copied into a table.

``np.array([x[i:i + w] for i in range(n)])`` has each element of ``x`` once for each window that it is in.
``sliding_window_view(x, w)`` is the same table as a view, without copies. It is not a problem if the windows do not
overlap, or if the table is written to, or given to code that copies it anyway.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ndmem.advising.case import each_large
from ndmem.advising.edits.making import is_numpy, replace_expression
from ndmem.advising.replay import Change
from ndmem.advising.source.consumption import readings
from ndmem.advising.source.joining import joined_parts
from ndmem.advising.source.operations import is_reduction
from ndmem.advising.source.syntax import called_name, text_of
from ndmem.advising.suggestion import Suggestion
from ndmem.advising.values import array_of, moment_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.case import Case, Group
    from ndmem.advising.source.syntax import Place
    from ndmem.model.edit import Edit

CODE = "NM403"
NAME = "copied-windows"

_EXPANDING = frozenset({"std", "var", "nanstd", "nanvar", "norm", "median", "percentile", "quantile", "nanmedian"})
"""Reductions that compute with as many elements as the view shows."""


def suggest(case: Case) -> Iterator[Suggestion]:
    """Suggest a view of sliding windows."""
    for group in each_large(case):
        window = _window(group.place.node)
        if window is None or not _is_only_reduced(group.place):
            continue
        array, width = window
        fix = f"np.lib.stride_tricks.sliding_window_view({text_of(array)}, {width})"
        yield Suggestion(
            site=group.site,
            expression=group.expression,
            message=f"overlapping windows of `{text_of(array)}` are copied",
            fix=fix,
            change=Change.drop(group.buffers),
            evidence={"nbytes": int(group.buffers.nbytes.max()), "count": len(group), "width": width},
            edit=_edit(case, group, array, width, fix),
        )


def _edit(case: Case, group: Group, array: ast.expr, width: str, fix: str) -> Edit | None:
    """Make the view, if the table has all windows of an array of one axis."""
    node = group.place.node
    assert isinstance(node, ast.Call)
    parts, seen, text = joined_parts(node), array_of(moment_of(case, group), array), text_of(array)
    assert isinstance(parts, ast.ListComp)
    starts = parts.generators[0].iter
    assert isinstance(starts, ast.Call)
    count = text_of(starts.args[-1]).removeprefix("1 + ").removesuffix(" + 1")
    lengths = {f"len({text})", f"{text}.size", f"{text}.shape[0]"}
    if seen is None or len(seen.shape) != 1 or len(node.args) > 1 or node.keywords or not is_numpy(group):
        return None
    if called_name(node) not in {"array", "asarray", "stack", "vstack"}:
        return None  # joined to one long array
    if count == text_of(starts.args[-1]) or count not in {f"{length} - {width}" for length in lengths}:
        return None
    return replace_expression(group.place.tree, node, fix, is_exact=False)


def _window(node: ast.expr) -> tuple[ast.expr, str] | None:
    """Return the array and the width of windows that begin at each position in turn; ``None`` for anything else."""
    match joined_parts(node):
        case ast.ListComp(elt=ast.Subscript(value=array, slice=ast.Slice(lower=lower, upper=upper, step=None))):
            starts = joined_parts(node)
        case _:
            return None
    assert isinstance(starts, ast.ListComp)
    match starts.generators:
        case [
            ast.comprehension(target=ast.Name(id=start), iter=ast.Call(args=[_] | [ast.Constant(value=0), _]), ifs=[])
        ]:
            pass
        case _:
            return None
    if not isinstance(lower, ast.Name) or lower.id != start or called_name(starts.generators[0].iter) != "range":
        return None
    match upper:
        case ast.BinOp(left=ast.Name(id=left), op=ast.Add(), right=width) if left == start:
            return array, text_of(width)
        case ast.BinOp(left=width, op=ast.Add(), right=ast.Name(id=right)) if right == start:
            return array, text_of(width)
        case _:
            return None


def _is_only_reduced(place: Place) -> bool:
    """Tell whether reductions that do not expand a view, and indexes, alone read the table."""
    reads = readings(place)
    if reads is None:
        return False
    outer = [next(iter(type(place)(place.tree, read).consumers()), None) for read in reads]
    return all(
        each is not None
        and (
            isinstance(each, ast.Subscript | ast.Attribute)
            or (is_reduction(each) and called_name(each) not in _EXPANDING)
        )
        for each in outer
    )
