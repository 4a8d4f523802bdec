"""Watch the numbers that the user's code compares and divides while it runs, wherever they come from.

A threshold in a configuration, a default, an attribute or the environment is in no code that could be scanned.
"""

from __future__ import annotations

import ast
import itertools
import linecache
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any, Final

from .operands import UnknownError, evaluate, is_number

_MOST_VISITS: Final = 4
"""A line in a loop is looked at this often: its first rounds, since later ones would cost too much."""

_MOST_SITES: Final = 2000
_ORDERED: Final = frozenset({"min", "max", "range", "divmod", "minimum", "maximum", "clip", "arange", "array_split"})
_CURVED: Final = frozenset(
    {"isqrt", "sqrt", "cbrt", "log", "log2", "log10", "log1p", "exp", "bit_length", "min_scalar_type", "next_fast_len"}
)
_WRITTEN: Final = frozenset({"str", "repr", "hex", "oct", "bin", "format"})


@dataclass(frozen=True, slots=True, order=True)
class Comparison:
    """Two numbers that one expression relates, or one that a function curves.

    Attributes
    ----------
    filename, function : str
        Where the expression is.
    lineno, col : int
        Its place.
    number : int
        Which pair of operands of the expression, and which visit.
    left, right : float
        The operands; `right` is 0 for a curve.
    curve : str
        The function that takes `left`, which is not a polynomial: ``log2``; empty for a pair.
    """

    filename: str
    function: str
    lineno: int
    col: int
    number: int
    left: float
    right: float
    curve: str = ""


class Comparisons:
    """Collects what the lines that run compare."""

    def __init__(self) -> None:
        self._trees: dict[str, dict[int, list[ast.expr]]] = {}
        self._visits: dict[tuple[str, int], int] = {}
        self._found: list[Comparison] = []

    def look(self, frame: FrameType) -> None:
        """Look at the line that is about to run; runs none of the user's code."""
        place = (frame.f_code.co_filename, frame.f_lineno)
        visit = self._visits.get(place, 0)
        if visit >= _MOST_VISITS or len(self._found) >= _MOST_SITES:
            return
        nodes = self._read(place[0]).get(place[1])
        if not nodes:
            self._visits[place] = _MOST_VISITS
            return
        self._visits[place] = visit + 1
        local = frame.f_locals
        for node in nodes:
            self._found += _relate(node, frame, local, visit)

    def result(self) -> tuple[Comparison, ...]:
        """Return what was found, in the order of the run."""
        return tuple(self._found)

    def _read(self, filename: str) -> dict[int, list[ast.expr]]:
        """Return the relating expressions of a file by line; none, where there is no source."""
        if filename not in self._trees:
            try:
                tree: ast.AST = ast.parse("".join(linecache.getlines(filename)))
            except (SyntaxError, ValueError, RecursionError):
                tree = ast.Module([], [])
            lines: dict[int, list[ast.expr]] = {}
            self._trees[filename] = lines
            for node in ast.walk(tree):
                if isinstance(node, (ast.Compare, ast.BinOp, ast.Call, ast.FormattedValue)):
                    for lineno in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                        lines.setdefault(lineno, []).append(node)
        return self._trees[filename]


def _relate(node: ast.expr, frame: FrameType, local: dict[str, Any], visit: int) -> Iterator[Comparison]:
    code = frame.f_code
    curve, operands = _operands(node)
    values: list[float | None] = []
    for operand in operands:
        try:
            value = evaluate(operand, local, frame.f_globals)
        except (UnknownError, RecursionError):
            value = None
        values.append(float(value) if is_number(value) else None)
    place = (code.co_filename, code.co_name, node.lineno, node.col_offset)
    if curve:
        known = [value for value in values if value is not None]
        yield from (Comparison(*place, visit, value, 0.0, curve) for value in known)
        return
    for i, (left, right) in enumerate(itertools.pairwise(values)):
        if left is not None and right is not None:
            yield Comparison(*place, visit * 16 + i, left, right)


def _operands(node: ast.expr) -> tuple[str, list[ast.expr]]:  # noqa: PLR0911  # one return for each kind of expression
    """Return the function that curves its argument, if it is one, and the operands."""
    match node:
        case ast.Compare(left=left, comparators=others):
            return "", [left, *others]
        case ast.BinOp(left=left, op=ast.Div() | ast.FloorDiv() | ast.Mod(), right=right):
            return "", [left, right]
        case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=float())):
            return "a power", [left]
        case ast.FormattedValue(value=value):
            return "text", [value]
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=arguments):
            if name in _ORDERED:
                return "", arguments[:3]
            if name == "bit_length" and isinstance(node.func, ast.Attribute):
                return name, [node.func.value]
            if name in _CURVED:
                return name, arguments[:1]
            if name in _WRITTEN:
                return "text", arguments[:1]
    return "", []
