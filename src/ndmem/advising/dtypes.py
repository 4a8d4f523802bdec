"""The type of the elements of an expression: what its variables held, and NumPy's rules for what is computed of them.

A type is a `numpy.dtype`, or a Python number for what has no type of its own: ``1.0`` does not make float32 wider.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import numpy as np

from ndmem.advising.source.operations import UFUNCS, VIEWS
from ndmem.advising.source.syntax import called_name, is_module_call, keyword, operands

from .forms import read_dtype
from .values import argument, assigned_values, root_name, rows_of

if TYPE_CHECKING:
    from .values import Moment

Type = np.dtype | int | float | complex

_DEPTH = 12

_NUMBERS: dict[str, int | float | complex] = {"b": True, "i": 1, "u": 1, "f": 1.0, "c": 1j}
"""A Python number of each kind."""

_FLOAT64 = frozenset({
    "zeros", "ones", "empty", "eye", "identity", "linspace", "logspace", "geomspace", "random", "rand", "randn",
    "normal", "standard_normal", "uniform", "exponential", "gamma", "beta", "hanning", "hamming", "blackman",
    "bartlett", "kaiser", "fftfreq", "rfftfreq",
})  # fmt: skip
"""Functions whose result is float64 unless ``dtype=`` says otherwise."""

_LIKE_FIRST = VIEWS | {
    "copy", "sort", "flatten", "cumsum", "cumprod", "diff", "clip", "round", "around", "min", "max", "amin", "amax",
    "repeat", "tile", "roll", "flip", "take", "zeros_like", "ones_like", "empty_like", "full_like", "array", "asarray",
    "ascontiguousarray", "asfortranarray", "asanyarray", "nan_to_num", "meshgrid", "pad", "compress", "ptp", "median",
    "sliding_window_view", "as_strided",
}  # fmt: skip
"""Functions and methods whose result has the type of their first operand."""

_AVERAGES = frozenset({"mean", "average", "std", "var", "median", "nanmean", "nanstd", "nanvar"})
"""Functions whose result is float64 for integers, and has the type of the operand otherwise."""

_INTEGERS = frozenset({"integers", "randint", "argsort", "nonzero", "flatnonzero", "argwhere", "searchsorted",
                       "bincount", "digitize", "argmin", "argmax", "count_nonzero"})  # fmt: skip
"""Functions whose result has NumPy's default integers."""


def dtype_of(  # noqa: PLR0911  # one case for each kind of expression
    moment: Moment, node: ast.expr, *, depth: int = _DEPTH
) -> Type | None:
    """Return the type of the elements of an expression at a moment; ``None`` if unknown."""
    if depth == 0:
        return None
    match node:
        case ast.Constant(value=bool() | int() | float() | complex() as value):
            return type(value)(1)
        case ast.Name() | ast.Attribute():
            return _of_variable(moment, node, depth)
        case ast.Subscript(value=ast.Attribute(attr="shape")):
            return 1
        case ast.Subscript(value=value) | ast.UnaryOp(op=ast.USub() | ast.UAdd() | ast.Invert(), operand=value):
            return dtype_of(moment, value, depth=depth - 1)
        case ast.Compare():
            return np.dtype(bool)
        case ast.BinOp(left=left, op=op, right=right):
            types = dtype_of(moment, left, depth=depth - 1), dtype_of(moment, right, depth=depth - 1)
            return _promote(op, *types)
        case ast.Call():
            return _of_call(moment, node, depth - 1)
        case ast.List(elts=[first, *_]) | ast.Tuple(elts=[first, *_]):
            return _default_of(dtype_of(moment, first, depth=depth - 1))
        case ast.ListComp(elt=element):
            return _default_of(dtype_of(moment, element, depth=depth - 1))
        case _:
            return None


def dtype_of_buffer(moment: Moment, row: int, node: ast.expr) -> Type | None:
    """Return the type of a buffer's elements as it was recorded, or else that of the expression that allocated it."""
    recorded = moment.case.dtype_of(row)
    return dtype_of(moment, node) if recorded is None else recorded


def is_dtype(found: Type | None, wanted: np.dtype) -> bool:
    """Tell whether a type is known and equal to another; ``==`` alone takes ``None`` for float64."""
    return isinstance(found, np.dtype) and found == wanted


def written_dtype(moment: Moment, node: ast.expr) -> np.dtype | None:
    """Return the type that ``dtype=`` names: ``np.float32``, ``float``, ``"f4"``, ``x.dtype``; ``None`` if unknown."""
    match node:
        case ast.Constant(value=str() as name) | ast.Attribute(value=ast.Name(id="np" | "numpy"), attr=name):
            return read_dtype(name)
        case ast.Name(id="bool" | "int" | "float" | "complex" as name):
            return read_dtype(name)
        case ast.Name(id=name) if read_dtype(name) is not None and name in np.__all__:
            return read_dtype(name)
        case ast.Attribute(value=value, attr="dtype"):
            found = dtype_of(moment, value)
            return found if isinstance(found, np.dtype) else None
        case _:
            return None


def _of_variable(moment: Moment, node: ast.Name | ast.Attribute, depth: int) -> Type | None:
    if isinstance(node, ast.Attribute) and node.attr in {"size", "ndim"}:
        return 1
    if isinstance(node, ast.Attribute) and node.attr == "pi":
        return 1.0
    rows = rows_of(moment, node)
    seen = moment.case.dtype_of(int(rows[-1])) if len(rows) else None
    if seen is not None:
        return seen
    if isinstance(node, ast.Attribute) and node.attr in {"T", "flat"}:
        return dtype_of(moment, node.value, depth=depth - 1)
    root = root_name(node)
    passed = argument(moment, root.id) if root is not None and isinstance(node, ast.Name) else None
    if passed is not None:
        return dtype_of(passed[0], passed[1], depth=depth - 1)
    values = assigned_values(moment, node)
    types = {str(found): found for value in values or () for found in [dtype_of(moment, value, depth=depth - 1)]}
    return next(iter(types.values())) if len(types) == 1 else None


def _promote(op: ast.operator, left: Type | None, right: Type | None) -> Type | None:
    if left is None or right is None:
        return None
    is_array = isinstance(left, np.dtype) or isinstance(right, np.dtype)
    try:
        found = np.result_type(left, right)
    except TypeError:
        return None
    if isinstance(op, ast.Div) and found.kind not in "fc":
        found = np.dtype(np.float64)
    return found if is_array else _NUMBERS[found.kind]


def _default_of(found: Type | None) -> np.dtype | None:
    return np.result_type(found) if found is not None else None


def _of_call(moment: Moment, call: ast.Call, depth: int) -> Type | None:  # noqa: PLR0911  # one case for each kind
    name, given = called_name(call), keyword(call, "dtype")
    if given is not None:
        return written_dtype(moment, given)
    if name == "astype" and call.args:
        return written_dtype(moment, call.args[0])
    if name in {"len", "int"}:
        return 1
    if name == "float" and isinstance(call.func, ast.Name):
        return 1.0
    values = operands(call)
    first = dtype_of(moment, values[0], depth=depth) if values else None
    if name in _FLOAT64:
        return np.dtype(np.float64)
    if name in _INTEGERS:
        return np.dtype(np.intp)
    if name == "arange":
        types = [dtype_of(moment, value, depth=depth) for value in call.args]
        return np.result_type(*types) if types and not any(one is None for one in types) else None
    if name == "full" and len(call.args) > 1:
        return _default_of(dtype_of(moment, call.args[1], depth=depth))
    if name in _AVERAGES:
        return _promote(ast.Div(), _default_of(first), 1)
    if name in _LIKE_FIRST or (name in {"abs", "sum"} and isinstance(first, np.dtype) and first.kind == "f"):
        return _default_of(first) if name not in {"clip", "round"} else first
    if name in UFUNCS:
        return _of_ufunc(name, [dtype_of(moment, value, depth=depth) for value in call.args])
    return read_dtype(name) if name in np.__all__ and is_module_call(call) else None


def _of_ufunc(name: str, types: list[Type | None]) -> np.dtype | None:
    ufunc = getattr(np, name)
    if len(types) < ufunc.nin or any(one is None for one in types[: ufunc.nin]):
        return None
    given = [one if isinstance(one, np.dtype) else type(one) for one in types[: ufunc.nin]]
    try:
        found = ufunc.resolve_dtypes((*given, *[None] * ufunc.nout))[-1]
    except TypeError:
        return None
    return found if isinstance(found, np.dtype) else None
