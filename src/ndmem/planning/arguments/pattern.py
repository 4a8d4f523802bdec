"""Descriptions of arrays with named dimensions as axes: ``"f4[n, 2*d + 1]"``."""

import ast
import difflib
import operator
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ndmem.errors import SpecError
from ndmem.model.spec import ArraySpec, Order, spec
from ndmem.phrasing import current_phrasing

_TEXT: Final = re.compile(r"\s*(?P<dtype>[A-Za-z<>=|?][\w<>=|?]*(?:\[\w+\])?)\s*\[(?P<shape>[^\[\]]*)\]\s*")
_MEANT: Final = re.compile(r"\s*(?P<dtype>[A-Za-z<>=|?][\w<>=|?]*)(?:\[\w+\])?\s*\[[\w\s,+*/().\-\[]*\]*\s*")
_CODE: Final = re.compile(r"[<>=|]?[A-Za-z?][0-9]+")
_DTYPES: Final = (
    *(f"{kind}{bits}" for kind in ("int", "uint", "float", "complex") for bits in (8, 16, 32, 64, 128)),
    "bool",
)
_ALIKE: Final = 0.8
_OPERATORS: Final = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
}
_LONGEST_TEXT: Final = 1000
_MOST_OPERATORS: Final = 20
_NO_LENGTH: Final = "{!r} is not the length of an axis; write 1000, n, 2*n or n//2 + 1"


@dataclass(frozen=True, slots=True)
class Length:
    """The length of an axis: an integer expression of dimensions.

    Attributes
    ----------
    text : str
        The expression.
    """

    text: str

    def __post_init__(self) -> None:
        operators = sum(isinstance(node, ast.BinOp) for node in ast.walk(self._parse()))
        if operators > _MOST_OPERATORS:
            raise SpecError(f"the axis {self.text[:40]!r} is too long an expression; name a dimension for it")

    def __call__(self, lengths: Mapping[str, int]) -> int:
        """Return the length for these lengths of the dimensions."""
        return _evaluate(self._parse(), lengths, self.text)

    @property
    def dimensions(self) -> frozenset[str]:
        """Names of the dimensions in it."""
        return frozenset(node.id for node in ast.walk(self._parse()) if isinstance(node, ast.Name))

    def _parse(self) -> ast.expr:
        try:
            return ast.parse(self.text, mode="eval").body
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            raise SpecError(_NO_LENGTH.format(self.text[:40])) from None


@dataclass(frozen=True, slots=True)
class ArrayPattern:
    """Description of an array for any lengths of its dimensions.

    Attributes
    ----------
    dtype : numpy.dtype
        Type of the elements.
    shape : tuple of Length
        Length of each axis.
    order : Order
        Row-major or column-major.
    """

    dtype: np.dtype[Any]
    shape: tuple[Length, ...]
    order: Order = Order.C

    @property
    def dimensions(self) -> frozenset[str]:
        """Names of the dimensions in the lengths of its axes."""
        return frozenset().union(*(length.dimensions for length in self.shape))

    def at(self, lengths: Mapping[str, int]) -> ArraySpec:
        """Return the description for these lengths of the dimensions."""
        return ArraySpec(tuple(length(lengths) for length in self.shape), self.dtype, self.order)


def looks_like_pattern(text: str) -> bool:
    """Tell whether a text argument describes an array: a dtype and a shape, and nothing else."""
    match = _TEXT.fullmatch(text) if len(text) <= _LONGEST_TEXT else None
    return match is not None and _is_dtype(match["dtype"])


def refuse_mistyped(text: str, name: str) -> None:
    """Raise if a text argument was meant to describe an array and does not.

    It was if it consists of a dtype, or what resembles one (``"f9"``, ``"flaot64"``), and an opening bracket with
    lengths of axes. Other texts are arguments like any other: ``"mean"``, ``"f8"``, ``"ij,jk->ik"``, ``"data[0]"``.

    Parameters
    ----------
    text : str
        The argument.
    name : str
        Name of its parameter.

    Raises
    ------
    SpecError
        If it was.
    """
    match = _MEANT.fullmatch(text) if len(text) <= _LONGEST_TEXT else None
    if match is None or looks_like_pattern(text):
        return
    dtype = match["dtype"]
    if _is_dtype(dtype):
        why = (
            "a bracket is not closed" if text.count("[") > text.count("]") else "its brackets are not those of a shape"
        )
    elif _CODE.fullmatch(dtype) or difflib.get_close_matches(dtype, _DTYPES, 1, _ALIKE):
        why = f"{dtype!r} is not a dtype"
    else:
        return
    raise SpecError(
        f"{text[:80]!r} for {name} is not an array: {why}; write for example 'f8[n]', or {current_phrasing().text}"
    )


def _is_dtype(text: str) -> bool:
    try:
        np.dtype(text)
    except (TypeError, ValueError, SyntaxError):
        return False
    return True


def read_pattern(text: str, lengths: Mapping[str, int]) -> ArrayPattern:
    """Read the description of an array with named dimensions.

    Parameters
    ----------
    text : str
        ``"f4[n, d]"``; an axis may be an integer, a dimension, or a sum, difference, product or whole quotient.
    lengths : mapping of str to int
        The known dimensions.

    Raises
    ------
    SpecError
        If it does not describe an array, or names an unknown dimension.
    """
    match = _TEXT.fullmatch(text) if len(text) <= _LONGEST_TEXT else None
    if match is None:
        raise SpecError(f"{text[:80]!r} is not an array; write dtype[dimensions], for example 'f4[n, d]'")
    parts = [part.strip() for part in match["shape"].split(",")]
    if parts[-1] == "":
        parts.pop()
    pattern = ArrayPattern(spec((), match["dtype"]).dtype, tuple(map(Length, parts)))
    for length in pattern.shape:
        if length(lengths) < 0:
            raise SpecError(
                f"the axis {length.text!r} of {text!r} has a negative length, {length(lengths)}; a length is 0 or more"
            )
    return pattern


def _evaluate(node: ast.AST, lengths: Mapping[str, int], text: str) -> int:
    if isinstance(node, ast.Constant):
        if type(node.value) is int:
            return node.value
        if isinstance(node.value, float) and node.value.is_integer():  # 1e6
            return int(node.value)
    if isinstance(node, ast.Name):
        if node.id not in lengths:
            known = ", ".join(lengths) or "none"
            length = current_phrasing().give_length(node.id)
            raise SpecError(f"the dimension {node.id!r} has no length (known: {known}); give it as {length}")
        return int(lengths[node.id])
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = (_evaluate(side, lengths, text) for side in (node.left, node.right))
        if not (isinstance(node.op, ast.FloorDiv) and right == 0):
            return int(_OPERATORS[type(node.op)](left, right))
    raise SpecError(_NO_LENGTH.format(text[:40]))
