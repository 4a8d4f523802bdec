"""Broadcasts: operations whose result is much larger than their operands."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import numpy as np

from ndmem.advising.source.keeping import parameter_of
from ndmem.advising.source.operations import OPERATORS, UFUNCS
from ndmem.advising.source.syntax import called_name, names_in, operands

from .execution import running_at

if TYPE_CHECKING:
    from ndmem.advising.source.syntax import SourceTree
    from ndmem.model.columns import Int64s

    from .case import Case, Group
    from .execution import Running

_LARGER = 4
"""A result of this many times the bytes of its largest operand is an expanded one."""


def adds_axis(node: ast.expr) -> bool:
    """Tell whether an expression is a view with a new axis: ``x[:, None]``, or a column by ``reshape``."""
    match node:
        case ast.Subscript(slice=item):
            return any(_is_new_axis(part) for part in (item.elts if isinstance(item, ast.Tuple) else [item]))
        case ast.Call():
            return called_name(node) in {"expand_dims", "reshape", "atleast_2d"}
        case _:
            return False


def _is_new_axis(part: ast.expr) -> bool:
    match part:
        case ast.Constant(value=None) | ast.Attribute(attr="newaxis") | ast.Name(id="newaxis"):
            return True
        case _:
            return False


def is_pairwise(node: ast.expr) -> bool:
    """Tell whether an operation combines each element of one operand with each of the other one, as far as it shows."""
    match node:
        case ast.BinOp(op=op) if type(op) not in OPERATORS:
            return False
        case ast.BinOp() | ast.Compare():
            return any(adds_axis(each) for each in operands(node))
        case ast.Call(func=ast.Attribute(attr="outer", value=ast.Attribute(attr=name))):
            return name in UFUNCS
        case ast.Call(args=args) if called_name(node) in UFUNCS:
            return any(adds_axis(each) for each in args)
        case _:
            return False


def is_in_blocks(tree: SourceTree, node: ast.expr) -> bool:
    """Tell whether a loop computes an expression block by block: it depends on the variable of a loop around it."""
    loops = tree.loops(node)
    counting = set().union(*(names_in(loop.target) for loop in loops if isinstance(loop, ast.For | ast.comprehension)))
    for loop in loops:
        for part in ast.walk(loop):
            if isinstance(part, ast.Assign) and names_in(part.value) & counting:
                counting |= set().union(*(names_in(target) for target in part.targets))
    return bool(counting & names_in(node))


def is_expanded(case: Case, group: Group) -> bool:
    """Tell whether the largest buffer of a group is much larger than the operands it was computed from."""
    largest = int(group.buffers.nbytes.argmax())
    nbytes, born = int(group.buffers.nbytes[largest]), int(group.buffers.born[largest])
    others = case.buffers.nbytes[case.alive_at(born)]
    if int(others.max(initial=0)) * _LARGER <= nbytes:
        return True  # so are all operands, which were live
    known = [nbytes_of(case, group, each) for each in operands(group.place.node)]
    return None not in known and max((each or 0 for each in known), default=nbytes) * _LARGER <= nbytes


def nbytes_of(case: Case, group: Group, node: ast.expr) -> int | None:
    """Return the bytes of the largest array that an operand of a group names; ``None`` if one is unknown."""
    frames, at = running_at(case.index, int(group.buffers.node[0])), int(group.buffers.born[0])
    found = []
    for name in sorted(names_in(node) - {"np", "numpy"}):
        rows = _rows_bound_to(case, frames, name, at)
        if not len(rows):
            return None
        found.append(int(case.buffers.nbytes[rows].max()))
    return max(found, default=0)


def _rows_bound_to(case: Case, frames: list[Running], name: str, at: int) -> Int64s:
    """Return the buffers of a variable; of a parameter those of the variable that the caller passed."""
    none = np.empty(0, np.int64)
    if not frames:
        return none
    *callers, frame = frames
    rows = case.bound_to(name, frame.site.function, at=at)
    function = frame.place.tree.scope(frame.place.node)
    if len(rows) or not callers or not isinstance(function, ast.FunctionDef):
        return rows
    call = callers[-1].place.node
    if not isinstance(call, ast.Call):
        return none
    for each in (*call.args, *call.keywords):
        value = each.value if isinstance(each, ast.keyword) else each
        if isinstance(value, ast.Name) and parameter_of(function, call, each) == name:
            return _rows_bound_to(case, callers, value.id, at)
    return none


def rows_of(case: Case, nodes: list[ast.expr]) -> Int64s:
    """Return the rows of all buffers that some expressions allocated."""
    wanted = set(map(id, nodes))
    rows = [group.rows for group in case.groups if id(group.place.node) in wanted]
    return np.concatenate(rows) if rows else np.empty(0, np.int64)
