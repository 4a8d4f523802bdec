"""What is computed from an array, element by element, in its function and where that function returns it to.

Where an array becomes narrower, so does what is computed from it, as long as no wide operand takes part that is large.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ndmem.advising.source.operations import VIEWS, is_elementwise, is_reduction
from ndmem.advising.source.syntax import called_name, keyword, operands, text_of

from .dtypes import dtype_of
from .values import moment_of, nbytes_of

if TYPE_CHECKING:
    from ndmem.advising.source.syntax import Scope

    from .case import Case, Group
    from .values import Moment

_PASS_ON = VIEWS | {"copy", "cumsum", "sort", "flatten", "take", "roll", "diff"}
"""Functions and methods whose result has the type of their operand."""

_PRODUCTS = frozenset({"dot", "matmul", "inner", "outer", "tensordot", "kron"})
"""Functions and methods whose result has the wider type of their operands."""

_SMALL = 50
"""A wide operand can be converted as well if the array is as many times as large."""


@dataclass(frozen=True, slots=True)
class Derived:
    """What is computed from an array.

    Attributes
    ----------
    groups : list of Group
        The expressions, without that of the array itself.
    wide : list of str
        Small operands of a wide type that take part: these have to be converted as well.
    """

    groups: list[Group]
    wide: list[str]


def find_derived(case: Case, source: Group) -> Derived:
    """Find the expressions whose arrays have the type of a source because they are computed from it.

    Parameters
    ----------
    case : Case
        The run.
    source : Group
        Where the array is computed.

    Returns
    -------
    Derived
        Those of the same function, and of those that it returned the array to. What a function computes that the array
        was passed to is unknown.
    """
    search = _Search(case, source)
    while search.go_on():
        pass
    groups = [group for node, group in search.found.items() if node is not source.place.node]
    return Derived(groups, sorted(search.wide))


@dataclass(slots=True)
class _Search:
    """The expressions found so far, those that only have such a value, and the variables of each function with one."""

    case: Case
    source: Group
    found: dict[ast.expr, Group] = field(default_factory=dict)
    values: dict[ast.expr, Moment] = field(default_factory=dict)
    names: dict[Scope, set[str]] = field(default_factory=dict)
    wide: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._add(self.source)

    def _add(self, group: Group) -> None:
        self.found[group.place.node] = group
        self.values[group.place.node] = moment_of(self.case, group)

    def go_on(self) -> bool:
        """Add what follows from what is known; tell whether anything did."""
        before = len(self.values), sum(map(len, self.names.values()))
        for node, moment in list(self.values.items()):
            self._follow(node, moment)
        scopes = {moment.scope for moment in self.values.values()}
        for group in self.case.groups:
            node = group.place.node
            if node in self.found or _contains(self.source.place.node, node):
                continue
            scope = group.place.tree.scope(node)
            if scope in scopes and self._is_derived(group, scope):
                self._add(group)
        return (len(self.values), sum(map(len, self.names.values()))) != before

    def _follow(self, node: ast.expr, moment: Moment) -> None:
        """Go from a value to the variable that its statement assigns it to, or to the call that it is returned to."""
        inner = node
        while isinstance(outer := moment.tree.parents.get(inner), ast.expr):
            if not (_passes_on(outer) or outer in self.found):
                return
            inner = outer
        match outer:
            case ast.Assign(targets=[ast.Name() | ast.Attribute() as target]):
                self.names.setdefault(moment.scope, set()).add(text_of(target))
            case ast.Return() if (called := moment.caller()) is not None:
                frame, call = called
                if isinstance(moment.scope, ast.FunctionDef) and called_name(call) == moment.scope.name:
                    self.values.setdefault(call, frame)

    def _is_derived(self, group: Group, scope: Scope) -> bool:
        node, names = group.place.node, self.names.get(scope, set())
        parts = operands(node)
        if not _passes_on(node) or isinstance(node, ast.Compare):
            return False
        values = parts[:1] if isinstance(node, ast.Subscript) else parts
        if not any(self._reads(part, names) for part in values):
            return False
        moment, nbytes = moment_of(self.case, group), int(group.buffers.nbytes.max())
        wide: set[str] = set()
        if not all(self._stays_narrow(moment, part, names, nbytes, wide) for part in values):
            return False
        self.wide |= wide
        return True

    def _reads(self, node: ast.AST, names: set[str]) -> bool:
        return any(inner in self.values or _is_in(inner, names) for inner in ast.walk(node))

    def _stays_narrow(self, moment: Moment, node: ast.expr, names: set[str], nbytes: int, wide: set[str]) -> bool:
        """Tell whether an operand keeps the result narrow once the source is, itself converted where it is small."""
        if node in self.values or _is_in(node, names) or _adapts(node, names):
            return True
        if _passes_on(node) or is_reduction(node):
            parts = operands(node)[: 1 if is_reduction(node) else None]
            return all(self._stays_narrow(moment, part, names, nbytes, wide) for part in parts)
        kind = dtype_of(moment, node)
        if kind is None or not isinstance(kind, np.dtype) or is_narrow(kind):
            return kind is not None
        if (self._nbytes(moment, node) or 0) * _SMALL > nbytes or kind.kind == "c":
            return False
        wide.add(text_of(node))
        return True

    def _nbytes(self, moment: Moment, node: ast.expr) -> int | None:
        made = [int(group.buffers.nbytes.max()) for group in self.case.groups if group.place.node is node]
        return max(made) if made else nbytes_of(moment, node)


def _adapts(node: ast.expr, names: set[str]) -> bool:
    """Tell whether a call makes an array of the type of one of the variables: ``np.array(x, dtype=y.dtype)``."""
    given = keyword(node, "dtype") if isinstance(node, ast.Call) else None
    return isinstance(given, ast.Attribute) and given.attr == "dtype" and _is_in(given.value, names)


def _is_in(node: ast.AST, names: set[str]) -> bool:
    return isinstance(node, ast.Name | ast.Attribute) and text_of(node) in names


def _contains(outer: ast.AST, inner: ast.AST) -> bool:
    return any(node is inner for node in ast.walk(outer))


def _passes_on(node: ast.expr) -> bool:
    return (
        is_elementwise(node)
        or isinstance(node, ast.Subscript)
        or called_name(node) in _PASS_ON | _PRODUCTS
        or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult))
        or (isinstance(node, ast.Attribute) and node.attr in {"T", "real", "imag"})
    )


def is_narrow(kind: np.dtype) -> bool:
    """Tell whether all values of a type are exact in single precision."""
    return (kind.kind in "biu" and kind.itemsize <= 2) or (kind.kind == "f" and kind.itemsize <= 4)
