"""Positions of a mask, as 8-byte integers, that only serve as an index.

``np.nonzero``, ``np.flatnonzero`` and ``np.where`` with one argument return eight bytes for each true element, the mask
has one byte for each element. An array can be indexed with the mask itself, which reads and writes the same elements in
the same order. The rule looks for positions that take more than their mask and are used in nothing but indexes of an
array with the mask's shape. This is not a problem where few elements are true, or where the positions themselves are
needed.
"""

from __future__ import annotations

import ast
import math
from typing import TYPE_CHECKING

import numpy as np

from ndmem.advising.case import each_large
from ndmem.advising.dtypes import dtype_of
from ndmem.advising.edits.making import is_numpy, replace_expression
from ndmem.advising.replay import Change
from ndmem.advising.source.reading import is_only_read
from ndmem.advising.source.syntax import called_name, text_of, uses
from ndmem.advising.suggestion import Suggestion
from ndmem.advising.values import array_of, moment_of, nbytes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.case import Case, Group
    from ndmem.advising.source.syntax import Place
    from ndmem.advising.values import Moment
    from ndmem.model.advice.edit import Edit

CODE = "NM104"
NAME = "positions-of-mask"

_FINDERS = frozenset({"nonzero", "flatnonzero", "where"})


def suggest(case: Case) -> Iterator[Suggestion]:
    """Suggest to index with the mask."""
    groups = {group.place.node: group for group in case.groups}
    for group in each_large(case):
        call = group.place.node
        if not isinstance(call, ast.Call) or called_name(call) not in _FINDERS or call.keywords:
            continue
        if len(call.args) != 1 or (indexed := _indexed_arrays(group.place, called_name(call) or "")) is None:
            continue
        mask, moment = call.args[0], moment_of(case, group)
        kind = dtype_of(moment, mask)
        if isinstance(kind, np.dtype) and kind != np.dtype(bool):
            continue  # integers of one byte are positions themselves
        made = groups.get(mask)
        mask_nbytes = int(made.buffers.nbytes.max()) if made is not None else nbytes_of(moment, mask)
        shapes = [seen.shape for seen in (array_of(moment, array) for array in indexed) if seen is not None]
        if mask_nbytes is None or len(shapes) < len(indexed) or {math.prod(shape) for shape in shapes} != {mask_nbytes}:
            continue
        if any(len(shape) > 1 for shape in shapes) and _is_of_one_axis(group.place, call):
            continue  # a mask of one axis of several is converted to positions inside
        if int(group.buffers.nbytes.max()) <= mask_nbytes:
            continue
        yield Suggestion(
            site=group.site,
            expression=group.expression,
            message=f"the positions take {8 * len(shapes[0])} bytes for each true element, the mask 1 for each element",
            fix=text_of(mask),
            change=Change.all_of([Change.drop(group.buffers), *_keep_mask(group, made)]),
            evidence={
                "nbytes": int(group.buffers.nbytes.max()),
                "mask_nbytes": mask_nbytes,
                "count": len(group),
                "indexed": [text_of(array) for array in indexed],
            },
            edit=_edit(group, mask, moment),
        )


def _edit(group: Group, mask: ast.expr, moment: Moment) -> Edit | None:
    """Write the mask instead of its positions, if it is not changed later and nothing asks how many there are."""
    tree, node = group.place.tree, group.place.node
    kind = dtype_of(moment, mask)
    if not isinstance(kind, np.dtype) or kind != np.dtype(bool) or not is_numpy(group):
        return None
    match mask:
        case ast.Name(id=name):
            is_safe = is_only_read(tree, tree.scope(node), name, but=node)
        case _:
            is_safe = isinstance(mask, ast.Compare | ast.UnaryOp | ast.BinOp)
    parent = tree.parents.get(node)
    whole = parent if isinstance(parent, ast.Subscript) and parent.value is node else node
    match tree.parents.get(whole):
        case ast.Subscript():
            is_index = True
        case ast.Assign(targets=[ast.Name(id=name)]):
            used = [use for use in uses(tree.scope(node), name) if isinstance(use.ctx, ast.Load)]
            is_index = all(isinstance(tree.parents.get(use), ast.Subscript) for use in used)
        case _:
            is_index = False
    return replace_expression(tree, whole, text_of(mask)) if is_safe and is_index else None


def _indexed_arrays(place: Place, function: str) -> list[ast.expr] | None:
    """Return the arrays that are indexed with the positions; ``None`` if the positions are used for anything else."""
    node: ast.expr = place.node
    parent = place.tree.parents.get(node)
    if function != "flatnonzero" and isinstance(parent, ast.Subscript) and parent.value is node:
        node, parent = parent, place.tree.parents.get(parent)  # np.nonzero(mask)[0]: the mask has one axis
    match parent:
        case ast.Subscript(slice=item, value=array) if item is node:
            return [array]
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if value is node:
            return _indexed_with(place, name)
        case ast.Assign(targets=[ast.Tuple(elts=[ast.Name(id=name)])], value=value) if value is node:
            return _indexed_with(place, name)
        case _:
            return None


def _is_of_one_axis(place: Place, call: ast.Call) -> bool:
    """Tell whether the positions are those along one axis: the first array of ``np.nonzero`` alone, or flat ones."""
    parent = place.tree.parents.get(call)
    is_taken = isinstance(parent, ast.Subscript) and parent.value is call
    is_unpacked = isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Tuple)
    return called_name(call) == "flatnonzero" or is_taken or is_unpacked


def _indexed_with(place: Place, name: str) -> list[ast.expr] | None:
    found: list[ast.expr] = []
    for use in uses(place.tree.scope(place.node), name):
        parent = place.tree.parents.get(use)
        if isinstance(use.ctx, ast.Store):
            if place.tree.statement(use) is not place.statement:
                return None
        elif isinstance(parent, ast.Subscript) and parent.slice is use:
            found.append(parent.value)
        elif parent is None or (called_name(parent) != "len" and getattr(parent, "attr", "") != "size"):
            return None
    return found or None


def _keep_mask(positions: Group, mask: Group | None) -> Iterator[Change]:
    """Yield what the mask takes in addition where it died before the positions."""
    if mask is None:
        return
    made, last = mask.buffers, np.searchsorted(mask.buffers.born, positions.buffers.born) - 1
    buffers = positions.buffers
    longer = (last >= 0) & (made.died[last] < buffers.died)
    for row in np.flatnonzero(longer).tolist():
        source = int(last[row])
        end = int(buffers.died[row])
        yield Change.add(start=int(made.died[source]), end=end, nbytes=int(made.nbytes[source]))
