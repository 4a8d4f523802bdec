"""A Fourier transform of real numbers of which only the first half is used.

The transform of a real signal is symmetrical, and its second half repeats the first. ``np.fft.fft`` converts the signal
to complex numbers and computes both halves; ``np.fft.rfft`` computes one, in a quarter of the memory. The rule looks
for transforms of real operands that are only used through slices that end at the middle. This is not a problem where
negative frequencies are needed, or where the operand is complex.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import numpy as np

from ndmem.advising.case import each_large
from ndmem.advising.dtypes import dtype_of
from ndmem.advising.edits.making import replace_expression
from ndmem.advising.replay import Change
from ndmem.advising.source.operations import is_elementwise
from ndmem.advising.source.syntax import called_name, keyword, operands, spelled_integer, text_of, uses
from ndmem.advising.suggestion import Suggestion
from ndmem.advising.values import array_of, assigned_values, moment_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.case import Case, Group
    from ndmem.advising.source.syntax import SourceTree
    from ndmem.advising.values import Moment
    from ndmem.model.advice.edit import Edit

CODE = "NM204"
NAME = "needless-complex"

_HALVES = {"fft": "rfft", "fft2": "rfft2", "fftn": "rfftn"}


def suggest(case: Case) -> Iterator[Suggestion]:
    """Suggest the transform of real numbers."""
    groups = {group.place.node: group for group in case.groups}
    for group in each_large(case):
        call = group.place.node
        if called_name(call) not in _HALVES or not isinstance(call, ast.Call) or len(call.args) != 1:
            continue
        moment = moment_of(case, group)
        shape, kind = _shape(case, moment, group, call.args[0]), dtype_of(moment, call.args[0])
        if shape is None or not isinstance(kind, np.dtype) or kind.kind not in "fiub" or keyword(call, "n") is not None:
            continue
        axis = _axis(call)
        if axis is None or not -len(shape) <= axis < len(shape):
            continue
        half = _Half(moment, shape, axis % len(shape))
        whole = half.full_arrays(group.place.tree, call)
        if whole is None:
            continue
        work = case.freed_at_site(group)
        length = shape[half.axis]
        scaled = [group.only(~work), *(groups[node] for node in whole if node in groups and node is not call)]
        yield Suggestion(
            site=group.site,
            expression=group.expression,
            message=f"the operand is {kind}, so the second half of the transform repeats the first; only the first is "
            "used",
            fix=text_of(call).replace(f".{called_name(call)}(", f".{_HALVES[called_name(call) or '']}(", 1),
            change=Change.all_of(
                [
                    Change.drop(group.only(work).buffers),
                    *(Change.scale(one.buffers, (length // 2 + 1) / length) for one in scaled),
                ]
            ),
            evidence={
                "nbytes": int(group.buffers.nbytes.max()),
                "count": len(group),
                "dtype": str(kind),
                "shape": list(shape),
            },
            edit=_edit(group.place.tree, call.func),
        )


def _edit(tree: SourceTree, function: ast.expr) -> Edit | None:
    """Name the other function of the same module."""
    if not isinstance(function, ast.Attribute):
        return None  # the program may not have imported the other one
    return replace_expression(tree, function, f"{text_of(function.value)}.{_HALVES[function.attr]}", is_exact=False)


def _shape(case: Case, moment: Moment, group: Group, operand: ast.expr) -> tuple[int, ...] | None:
    """Return the shape of an operand; of a view, whose shape is unknown, that of the transform: they are equal."""
    seen = array_of(moment, operand)
    if seen is not None:
        return seen.shape
    made = next((other for other in case.groups if other.place.node is operand), None)
    for one in (made, group.only(~group.temporary)):
        held = case.array_of(int(one.rows[-1])) if one is not None and len(one) else None
        if held is not None:
            return held.shape
    return None


def _axis(call: ast.Call) -> int | None:
    axis = keyword(call, "axis")
    if axis is None:
        return -1 if keyword(call, "axes") is None else None
    return spelled_integer(axis)


class _Half:
    """Whether all uses of a transform end in slices of its first half along one axis."""

    def __init__(self, moment: Moment, shape: tuple[int, ...], axis: int) -> None:
        self.moment, self.shape, self.axis = moment, shape, axis

    def full_arrays(  # noqa: PLR0911  # one case for each kind of use
        self, tree: SourceTree, node: ast.expr
    ) -> list[ast.expr] | None:
        """Return the expressions with all frequencies that lead to such slices; ``None`` if other uses are found."""
        parent = tree.parents.get(node)
        match parent:
            case ast.Subscript(value=value, slice=item) if value is node:
                return [node] if self._is_first_half(item) else None
            case ast.Attribute(attr="real" | "imag"):
                return self._and(tree, node, parent)
            case ast.expr() if is_elementwise(parent) and node in operands(parent):
                others = [part for part in operands(parent) if part is not node]
                is_plain = all(isinstance(part, ast.Constant) for part in others)
                return self._and(tree, node, parent) if is_plain else None
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if value is node:
                found = [node]
                for use in uses(tree.scope(node), name):
                    if isinstance(use.ctx, ast.Store):
                        if tree.statement(use) is not parent:
                            return None
                        continue
                    below = self.full_arrays(tree, use)
                    if below is None:
                        return None
                    found += below
                return found
            case _:
                return None

    def _and(self, tree: SourceTree, node: ast.expr, parent: ast.expr) -> list[ast.expr] | None:
        below = self.full_arrays(tree, parent)
        return [node, *below] if below is not None else None

    def _is_first_half(self, item: ast.expr) -> bool:
        parts = item.elts if isinstance(item, ast.Tuple) else [item]
        if any(isinstance(part, ast.Constant) and part.value is ... for part in parts):
            place = self.axis - len(self.shape)
            is_there = place == -1 and isinstance(parts[0], ast.Constant)
        else:
            place, is_there = self.axis, self.axis < len(parts)
        part = parts[place] if is_there else None
        return isinstance(part, ast.Slice) and part.upper is not None and self._is_within(part.upper)

    def _is_within(self, upper: ast.expr, *, depth: int = 3) -> bool:
        length = self.shape[self.axis]
        match upper:
            case ast.Constant(value=int() as end):
                return 0 < end <= length // 2 + 1
            case ast.BinOp(left=left, op=ast.FloorDiv(), right=ast.Constant(value=int() as divisor)):
                return divisor >= 2 and isinstance(left, ast.Name | ast.Call | ast.Attribute | ast.Subscript)
            case ast.BinOp(left=left, op=ast.Add(), right=ast.Constant(value=1)):
                return isinstance(left, ast.BinOp) and self._is_within(left)
            case ast.Name() if depth:
                values = assigned_values(self.moment, upper)
                return bool(values) and all(self._is_within(value, depth=depth - 1) for value in values or ())
            case _:
                return False
