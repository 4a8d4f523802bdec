"""What is computed from an array, element by element, in the function that computes the array.

Where an array becomes narrower, so does what is computed from it, as long as no wide operand takes part.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import numpy as np

from ndmem.advising.source.operations import VIEWS, is_elementwise, is_reduction
from ndmem.advising.source.syntax import called_name, operands, text_of

from .dtypes import dtype_of
from .values import moment_of

if TYPE_CHECKING:
    from .case import Case, Group
    from .values import Moment

_PASS_ON = VIEWS | {"copy", "cumsum", "sort", "flatten", "take", "roll", "diff"}
"""Functions and methods whose result has the type of their operand."""


def derived_groups(case: Case, source: Group) -> list[Group]:
    """Return the groups whose arrays have the type of a source because they are computed from it, without the source.

    Parameters
    ----------
    case : Case
        The run.
    source : Group
        Where the array is computed.

    Returns
    -------
    list of Group
        Those of the same function; what another function computes from the array is unknown.
    """
    tree, scope = source.place.tree, source.place.tree.scope(source.place.node)
    near = [group for group in case.groups if group.place.tree is tree and tree.scope(group.place.node) is scope]
    near = [group for group in near if group is not source and not _contains(source.place.node, group.place.node)]
    names: set[str] = set()
    found: dict[ast.expr, Group] = {source.place.node: source}
    while True:
        before = len(found), len(names)
        for group in list(found.values()):
            names |= _bound_names(group, found)
        for group in near:
            node, moment = group.place.node, moment_of(case, group)
            if node not in found and _is_derived(moment, node, names, found):
                found[node] = group
        if (len(found), len(names)) == before:
            return [group for node, group in found.items() if node is not source.place.node]


def _contains(outer: ast.AST, inner: ast.AST) -> bool:
    return any(node is inner for node in ast.walk(outer))


def _bound_names(group: Group, found: dict[ast.expr, Group]) -> set[str]:
    """Return the variables that have the array, or what is computed from it in one statement without a new array."""
    statement = group.place.statement
    match statement:
        case ast.Assign(targets=[ast.Name() | ast.Attribute() as target], value=value):
            inner: ast.expr = group.place.node
            for outer in [group.place.node, *group.place.consumers()]:
                if outer is not inner and not (_passes_on(outer) or outer in found):
                    return set()
                inner = outer
            return {text_of(target)} if inner is value else set()
        case _:
            return set()


def _passes_on(node: ast.expr) -> bool:
    return (
        is_elementwise(node)
        or isinstance(node, ast.Subscript)
        or called_name(node) in _PASS_ON
        or (isinstance(node, ast.Attribute) and node.attr in {"T", "real", "imag"})
    )


def _is_derived(moment: Moment, node: ast.expr, names: set[str], found: dict[ast.expr, Group]) -> bool:
    parts = operands(node)
    if not _passes_on(node) or isinstance(node, ast.Compare):
        return False
    values = parts[:1] if isinstance(node, ast.Subscript) else parts
    has_source = any(_reads(part, names, found) for part in values)
    return has_source and all(_stays_narrow(moment, part, names, found) for part in values)


def _reads(node: ast.AST, names: set[str], found: dict[ast.expr, Group]) -> bool:
    return any(
        inner in found or (isinstance(inner, ast.Name | ast.Attribute) and text_of(inner) in names)
        for inner in ast.walk(node)
    )


def _stays_narrow(moment: Moment, node: ast.expr, names: set[str], found: dict[ast.expr, Group]) -> bool:
    """Tell whether an operand does not make the result wider once the source is narrow."""
    if node in found or (isinstance(node, ast.Name | ast.Attribute) and text_of(node) in names):
        return True
    if _passes_on(node) or is_reduction(node):
        parts = operands(node)
        return all(_stays_narrow(moment, part, names, found) for part in parts[: 1 if is_reduction(node) else None])
    kind = dtype_of(moment, node)
    return kind is not None and (not isinstance(kind, np.dtype) or is_narrow(kind))


def is_narrow(kind: np.dtype) -> bool:
    """Tell whether all values of a type are exact in single precision."""
    return (kind.kind in "biu" and kind.itemsize <= 2) or (kind.kind == "f" and kind.itemsize <= 4)
