"""``%predict``: read a call as written in a notebook, and predict its memory."""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from IPython.core.error import UsageError

from ndmem.api import Dims, Prediction, dims, predict, read_length
from ndmem.errors import NdmemError

_LINE = re.compile(r"(?P<call>.*\))\s*(?P<lengths>[^()]*)", re.DOTALL)
_CAPTURE = "__ndmem_call__"
_EXAMPLE = "write for example %predict function('f8[n, 3]') n=2e6"


@dataclass(frozen=True, slots=True)
class Call:
    """A call that will not be run.

    Attributes
    ----------
    function : callable
        The function.
    args, kwargs
        Its arguments.
    dims : Dims
        Lengths of the named dimensions.
    """

    function: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    dims: Dims


def read_call(line: str, namespace: Mapping[str, Any]) -> Call:
    """Split a line into a call and the lengths behind it.

    Parameters
    ----------
    line : str
        ``function(x, "f4[n, d]", n) n=2e6 d=64``: a name that is given a length is that dimension.
    namespace : mapping of str to object
        The notebook's variables.

    Raises
    ------
    IPython.core.error.UsageError
        If it is not a call, or a length is not valid.
    """
    parts = _LINE.fullmatch(line.strip())
    try:
        call = ast.parse(parts["call"] if parts else line.strip(), mode="eval")
    except SyntaxError:
        call = ast.parse("None", mode="eval")
    if parts is None or not isinstance(call.body, ast.Call):
        raise UsageError(f"%predict: {line.strip()[:80]!r} is not a call; {_EXAMPLE}")
    try:
        named = dims(**dict(read_length(text) for text in parts["lengths"].split()))
    except NdmemError as error:
        raise UsageError(f"%predict: {error}") from None
    names = {**namespace, **{name: getattr(named, name) for name in named}, _CAPTURE: lambda *a, **k: (a, k)}
    function = eval(compile(ast.Expression(call.body.func), "<magic>", "eval"), names)  # what the user wrote
    call.body.func = ast.copy_location(ast.Name(_CAPTURE, ast.Load()), call.body.func)
    args, kwargs = eval(compile(call, "<magic>", "eval"), names)  # the user's own expression, in the user's namespace
    return Call(function, args, kwargs, named)


def predict_call(call: Call, *, timeout: float) -> Prediction:
    """Predict it.

    Raises
    ------
    IPython.core.error.UsageError
        With the reason, if it cannot be predicted.
    """
    try:
        return predict(call.function, *call.args, dims=call.dims, timeout=timeout, **call.kwargs)
    except NdmemError as error:
        raise UsageError(f"%predict: {error}") from None
