"""Where an array is read: by the expression around it, or through the one variable that it is assigned to."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .operations import is_elementwise, is_reduction
from .syntax import called_name, operands, uses

if TYPE_CHECKING:
    from .syntax import Place, SourceTree

_WRITING = frozenset({"sort", "fill", "put", "resize", "partition", "itemset", "setfield", "setflags"})
_SUMMING = frozenset({"einsum", "vdot"})
_DEEPEST = 4


def readings(place: Place) -> list[ast.expr] | None:
    """Return the expressions that read the value of an expression.

    Returns
    -------
    list of ast.expr or None
        The expression itself if another one uses its value at once; the uses of the variable that it is assigned to, if
        that variable has no other value. ``None`` if the value is written to, or the source does not tell.
    """
    target = place.target()
    if isinstance(target, ast.Name):
        return variable_readings(place.tree, place.node, target.id)
    outer = place.tree.parents.get(place.node)
    return [place.node] if isinstance(outer, ast.expr | ast.keyword) else None


def variable_readings(tree: SourceTree, node: ast.expr, name: str) -> list[ast.expr] | None:
    """Return where a variable is read that a statement with a node assigns; ``None`` as `readings` does."""
    scope = tree.scope(node)
    if any(isinstance(each, ast.Global | ast.Nonlocal) and name in each.names for each in ast.walk(scope)):
        return None  # other functions may read it
    found: list[ast.expr] = []
    stores = 0
    for use in uses(scope, name):
        stores += isinstance(use.ctx, ast.Store)
        if isinstance(use.ctx, ast.Load):
            if tree.scope(use) is not scope or is_written(tree, use):
                return None
            found.append(use)
    return found if stores == 1 else None


def is_written(tree: SourceTree, use: ast.expr) -> bool:
    """Tell whether a use of an array's variable writes to the array itself; another name of it is not followed."""
    match outer := tree.parents.get(use):
        case ast.Subscript(value=value, ctx=ctx) if value is use:
            return not isinstance(ctx, ast.Load) or isinstance(tree.parents.get(outer), ast.AugAssign)
        case ast.Attribute(attr=attr, ctx=ctx):
            return attr in _WRITING or not isinstance(ctx, ast.Load)
        case ast.keyword(arg=name):
            return name == "out"
        case _:
            return False


@dataclass(slots=True)
class Consumption:
    """How operations on elements lead from an array to the reductions that consume it.

    Attributes
    ----------
    reductions : list of ast.Call
        The reductions.
    carriers : list of ast.expr
        The expressions whose values have the elements of the array, itself first.
    """

    reductions: list[ast.Call] = field(default_factory=list)
    carriers: list[ast.expr] = field(default_factory=list)


def find_consumption(place: Place) -> Consumption | None:
    """Follow an array through operations on elements; ``None`` if anything but reductions consumes it in the end."""
    found = Consumption()
    return found if _consume(place, found, 0) and found.reductions else None


def _consume(place: Place, found: Consumption, depth: int) -> bool:
    found.carriers.append(place.node)
    reads = readings(place)
    if reads is None or depth > _DEEPEST:
        return False
    return all(_climb(type(place)(place.tree, read), found, depth) for read in reads)


def _climb(place: Place, found: Consumption, depth: int) -> bool:
    inner = place.node
    for outer in place.consumers():
        if inner not in operands(outer):
            return False
        if isinstance(outer, ast.Call) and (is_reduction(outer) or called_name(outer) in _SUMMING):
            found.reductions.append(outer)
            return True
        if not is_elementwise(outer):
            return isinstance(outer, ast.Attribute) and outer.attr in {"shape", "size", "ndim", "dtype"}
        found.carriers.append(outer)
        inner = outer
    value = type(place)(place.tree, inner)
    return isinstance(value.target(), ast.Name) and _consume(value, found, depth + 1)
