"""Evaluate operands in the user's code without running it: names, attributes, items, arithmetic of numbers."""

from __future__ import annotations

import ast
import inspect
import math
import operator
import os
from collections.abc import Callable, Mapping
from types import MemberDescriptorType, ModuleType
from typing import Any, Final

import numpy as np

_LENGTHS: Final = (np.ndarray, list, tuple, str, bytes, dict, set, frozenset, range)
_ARRAY_FACTS: Final = frozenset({"size", "nbytes", "ndim", "itemsize", "shape"})
_MOST_POWER: Final = 256
_ARITHMETIC: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
}
_FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {"int": int, "float": float, "abs": abs, "min": min, "max": max}


class UnknownError(Exception):
    """The value cannot be known without running code."""


def evaluate(  # noqa: PLR0911  # one return for each kind of expression
    node: ast.expr, local: Mapping[str, Any], names: Mapping[str, Any]
) -> Any:
    """Return the value of an expression.

    Parameters
    ----------
    node : ast.expr
        The expression.
    local, names : mapping
        Local and global variables of the frame.

    Raises
    ------
    UnknownError
        If it has a part that is not a plain value: a call, a property, an object's own operator.
    """
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            if name in local:
                return local[name]
            if name in names:
                return names[name]
        case ast.Attribute(value=base, attr=attribute):
            return _attribute(evaluate(base, local, names), attribute)
        case ast.Subscript(value=base, slice=key):
            return _item(evaluate(base, local, names), evaluate(key, local, names))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_number(evaluate(operand, local, names))
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _ARITHMETIC:
            return _calculate(sign, evaluate(left, local, names), evaluate(right, local, names))
        case ast.Call(func=ast.Name(id="len"), args=[argument], keywords=[]):
            value = evaluate(argument, local, names)
            if type(value) in _LENGTHS and not (isinstance(value, np.ndarray) and not value.ndim):
                return len(value)
        case ast.Call(func=function, args=arguments, keywords=[]):
            return _call(function, [evaluate(each, local, names) for each in arguments], local, names)
    raise UnknownError


def is_number(value: object) -> bool:
    """Tell whether a value is a finite number of Python or of NumPy; true and false are none."""
    if type(value) is bool or not isinstance(value, (int, float, np.integer, np.floating)):
        return False
    return math.isfinite(value)


def _number(value: Any) -> Any:
    if not is_number(value):
        raise UnknownError
    return value.item() if isinstance(value, np.generic) else value


def _attribute(base: Any, name: str) -> Any:
    if type(base) is np.ndarray:
        if name in _ARRAY_FACTS:
            return getattr(base, name)
        raise UnknownError
    if isinstance(base, ModuleType):
        base = vars(base)
        if name in base:
            return base[name]
        raise UnknownError
    try:
        found = inspect.getattr_static(base, name)  # runs no property and no __getattr__
    except AttributeError:
        raise UnknownError from None
    if isinstance(found, MemberDescriptorType):  # a slot
        try:
            return found.__get__(base, type(base))
        except AttributeError:
            raise UnknownError from None
    if isinstance(found, property) or hasattr(type(found), "__get__"):
        raise UnknownError
    return found


def _item(base: Any, key: Any) -> Any:
    if type(key) not in (int, str) or (type(base) not in (dict, list, tuple) and base is not os.environ):
        raise UnknownError
    try:
        return base[key]
    except (KeyError, IndexError, TypeError):
        raise UnknownError from None


def _calculate(sign: ast.operator, left: Any, right: Any) -> Any:
    left, right = _number(left), _number(right)
    if isinstance(sign, (ast.Pow, ast.LShift)) and not -_MOST_POWER <= right <= _MOST_POWER:
        raise UnknownError
    try:
        return _ARITHMETIC[type(sign)](left, right)
    except (ArithmeticError, TypeError, ValueError):
        raise UnknownError from None


def _call(function: ast.expr, values: list[Any], local: Mapping[str, Any], names: Mapping[str, Any]) -> Any:
    """Call a function of Python's own on plain values, or read the environment."""
    if isinstance(function, ast.Name) and function.id not in local and function.id not in names:
        called = _FUNCTIONS.get(function.id)
    else:
        try:
            called = evaluate(function, local, names)
        except UnknownError:
            called = _environment_reader(function, local, names)
        if not (called in (os.getenv, os.environ.get) or any(called is each for each in vars(math).values())):
            raise UnknownError
    if called is None or not all(is_number(each) or type(each) is str for each in values):
        raise UnknownError
    try:
        return called(*values)
    except (ArithmeticError, TypeError, ValueError):
        raise UnknownError from None


def _environment_reader(function: ast.expr, local: Mapping[str, Any], names: Mapping[str, Any]) -> Any:
    """Return ``os.environ.get``, a method of an object that is not a plain value."""
    match function:
        case ast.Attribute(value=base, attr="get"):
            if evaluate(base, local, names) is os.environ:
                return os.environ.get
    raise UnknownError
