"""What operations do to the size of their operands, by the names that programs call."""

from __future__ import annotations

import ast

import numpy as np

from .syntax import called_name

UFUNCS = frozenset(name for name in dir(np) if isinstance(getattr(np, name), np.ufunc))
"""Functions that take ``out=``, and whose result has one element for each of their operands'."""

ELEMENTWISE = UFUNCS | {"clip", "where", "nan_to_num", "round", "around", "real", "imag", "conj", "angle", "isclose"}
"""Functions whose result has one element for each of their operands'."""

REDUCTIONS = frozenset({
    "sum", "prod", "mean", "average", "min", "max", "amin", "amax", "any", "all", "std", "var", "argmin", "argmax",
    "ptp", "norm", "count_nonzero", "trace", "median", "nansum", "nanmean", "nanmin", "nanmax", "nanstd", "nanvar",
    "nanprod", "nanmedian", "quantile", "percentile", "nanpercentile", "nanquantile", "logsumexp", "allclose",
    "array_equal",
})  # fmt: skip
"""Functions and methods whose result has few elements."""

VIEWS = frozenset({
    "reshape", "ravel", "transpose", "squeeze", "swapaxes", "moveaxis", "rollaxis", "view", "expand_dims",
    "atleast_1d", "atleast_2d", "atleast_3d", "broadcast_to", "flip", "fliplr", "flipud",
})  # fmt: skip
"""Functions and methods whose result is a view of their first operand, as a rule."""

OPERATORS: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+=", "add"),
    ast.Sub: ("-=", "subtract"),
    ast.Mult: ("*=", "multiply"),
    ast.Div: ("/=", "divide"),
    ast.FloorDiv: ("//=", "floor_divide"),
    ast.Mod: ("%=", "remainder"),
    ast.Pow: ("**=", "power"),
    ast.BitAnd: ("&=", "bitwise_and"),
    ast.BitOr: ("|=", "bitwise_or"),
    ast.BitXor: ("^=", "bitwise_xor"),
    ast.LShift: ("<<=", "left_shift"),
    ast.RShift: (">>=", "right_shift"),
}
"""For each operator of arrays: as an update in place, and NumPy's function."""


def is_elementwise(node: ast.AST) -> bool:
    """Tell whether an expression computes each element of its result from the same element of its operands."""
    match node:
        case ast.BinOp(op=op):
            return type(op) in OPERATORS
        case ast.UnaryOp(op=op):
            return not isinstance(op, ast.Not)
        case ast.Compare(ops=ops):
            return len(ops) == 1 and not isinstance(ops[0], ast.Is | ast.IsNot | ast.In | ast.NotIn)
        case ast.Call():
            return called_name(node) in ELEMENTWISE
        case _:
            return False


def is_reduction(node: ast.AST) -> bool:
    """Tell whether an expression is a call whose result has few elements."""
    return called_name(node) in REDUCTIONS


def is_stored(node: ast.AST) -> bool:
    """Tell whether an expression only names a value: reading it allocates nothing."""
    match node:
        case ast.Name() | ast.Constant():
            return True
        case ast.Attribute(value=value):
            return is_stored(value)
        case ast.Subscript(value=value, slice=item):
            # A view, as far as the index is made of slices and numbers.
            return is_stored(value) and not any(isinstance(part, ast.Compare | ast.List) for part in ast.walk(item))
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant()):
            return True
        case _:
            return False
