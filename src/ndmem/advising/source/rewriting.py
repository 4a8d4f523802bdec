"""Code that computes a step of an expression in place, in the memory of one of its operands."""

from __future__ import annotations

import ast

from .operations import OPERATORS, UFUNCS
from .syntax import called_name, is_module_call, keyword, operands, text_of

_COMMUTATIVE = ast.Add | ast.Mult | ast.BitAnd | ast.BitOr | ast.BitXor

_TAKE_OUT = UFUNCS | {"clip", "round", "around", "cumsum", "cumprod"}
"""Functions of arrays whose result fits into the memory of their operand, with ``out=``."""


def in_place(  # noqa: PLR0911  # one case for each kind of step
    step: ast.expr, operand: ast.expr, name: str
) -> str | None:
    """Write a step so that its result is put into the memory of one of its operands.

    Parameters
    ----------
    step : ast.expr
        Operation or call.
    operand : ast.expr
        The operand, a direct one of the step.
    name : str
        How the operand is spelled when the step runs.

    Returns
    -------
    str or None
        ``"x *= k"`` or ``"np.exp(x, out=x)"``; ``None`` if the step cannot be done in place.
    """
    match step:
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            update, function = OPERATORS[type(op)]
            if left is operand:
                return f"{name} {update} {text_of(right)}"
            if isinstance(op, _COMMUTATIVE):
                return f"{name} {update} {text_of(left)}"
            return f"np.{function}({text_of(left)}, {name}, out={name})"
        case ast.UnaryOp(op=ast.USub()):
            return f"np.negative({name}, out={name})"
        case ast.UnaryOp(op=ast.Invert()):
            return f"np.invert({name}, out={name})"
        case ast.Call():
            return _call_in_place(step, operand, name)
        case _:
            return None


def in_single_precision(node: ast.expr) -> ast.expr:
    """Return an operand converted to float32; an array stays an array."""
    return ast.parse(f"np.float32({text_of(node)})", mode="eval").body


def _call_in_place(call: ast.Call, operand: ast.expr, name: str) -> str | None:
    function = called_name(call)
    if operand not in operands(call) or keyword(call, "out") is not None or keyword(call, "dtype") is not None:
        return None
    rest = [text_of(given) if given is not operand else name for given in call.args]
    rest += [f"{given.arg}={text_of(given.value)}" for given in call.keywords]
    if not is_module_call(call):
        rest = [name, *rest]
    if function in _TAKE_OUT and (function not in {"cumsum", "cumprod"} or len(rest) > 1):
        prefix = text_of(call.func) if is_module_call(call) else f"np.{function}"
        return f"{prefix}({', '.join(rest)}, out={name})"
    if function == "sort" and rest[0] == name and is_module_call(call):
        return f"{name}.sort({', '.join(rest[1:])})"
    if function == "nan_to_num" and rest[0] == name:
        return f"np.nan_to_num({', '.join(rest)}, copy=False)"
    if function == "where" and rest[1:2] == [name] and len(rest) == 3 and isinstance(call.args[2], ast.Constant):
        return f"{name}[~({rest[0]})] = {rest[2]}"
    return None
