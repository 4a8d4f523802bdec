"""Two conversions, or a new array and its conversion, where one call makes the result.

``np.zeros(shape).astype(bool)`` allocates eight bytes for each element first, and one in the end;
``np.asfortranarray(table.astype(float))`` has two arrays of the final size. The functions take ``dtype=``. This is not
a problem where the first step computes something, as a random generator does whose numbers depend on the type.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import numpy as np

from ndmem.advising.case import each_large
from ndmem.advising.dtypes import written_dtype
from ndmem.advising.edits.making import is_numpy, replace_expression
from ndmem.advising.replay import Change
from ndmem.advising.source.operations import VIEWS
from ndmem.advising.source.syntax import called_name, is_module_call, keyword, operands, text_of
from ndmem.advising.suggestion import Suggestion
from ndmem.advising.values import moment_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.case import Case, Group
    from ndmem.advising.source.syntax import Place
    from ndmem.model.edit import Edit

CODE = "NM302"
NAME = "two-conversions-in-a-row"

_CREATORS = frozenset({
    "zeros", "ones", "empty", "full", "eye", "identity", "arange", "zeros_like", "ones_like", "full_like", "empty_like",
})  # fmt: skip
_LAYOUTS = frozenset({"asfortranarray", "ascontiguousarray", "array", "asarray"})


_MOST_ARGUMENTS = {"zeros": 1, "ones": 1, "empty": 1, "identity": 1, "eye": 1, "zeros_like": 1, "ones_like": 1,
                   "empty_like": 1, "arange": 3}  # fmt: skip
"""Positional arguments before the one that is the dtype, of functions whose values every dtype has."""

_WIDE = frozenset(map(np.dtype, ("i4", "i8", "f4", "f8")))


def suggest(case: Case) -> Iterator[Suggestion]:
    """Suggest one call instead of two."""
    groups = {group.place.node: group for group in case.groups}
    for first in each_large(case):
        second = _next_conversion(first.place)
        made = groups.get(second) if second is not None else None
        dropped = first.temporaries()
        if second is None or made is None or not len(dropped):
            continue
        yield Suggestion(
            site=made.site,
            expression=made.expression,
            message=f"`{first.expression}` is a whole array that `{called_name(second)}` converts once more",
            fix=_write_one(first.place.node, second),
            change=Change.drop(dropped.buffers),
            evidence={"nbytes": int(dropped.buffers.nbytes.max()), "count": len(dropped), "first": first.expression},
            edit=_edit(case, first, second),
        )


def _edit(case: Case, first: Group, second: ast.Call) -> Edit | None:
    """Write one call, where it gives what the two give."""
    call = first.place.node
    assert isinstance(call, ast.Call)
    name, kind = called_name(call) or "", _dtype(second)
    if not is_numpy(first) or {given.arg for given in second.keywords} - {"dtype"} or len(second.args) > 1:
        return None
    if name == "astype":
        is_alike = len(call.args) == 1 and not call.keywords and (called_name(second) == "astype" or kind is None)
    elif called_name(second) == "copy":
        is_alike = name in _CREATORS
    else:
        given = None if kind is None else keyword(second, "dtype") or second.args[0]
        wanted = None if given is None else written_dtype(moment_of(case, first), given)
        is_alike = len(call.args) <= _MOST_ARGUMENTS.get(name, 0) and wanted is not None
        if name == "arange":
            # In floating point the steps would be other ones, in few bits the numbers would not fit.
            made = case.dtype_of(int(first.rows[-1]))
            is_alike = is_alike and made is not None and made.kind == "i" and wanted in _WIDE
    return replace_expression(first.place.tree, second, _write_one(call, second)) if is_alike else None


def _next_conversion(place: Place) -> ast.Call | None:
    """Return the conversion that is applied to what a creator or a conversion returns, as far as both can be one."""
    first = place.node
    if not isinstance(first, ast.Call) or not _is_conversion(first, creators=True):
        return None
    inner: ast.expr = first
    for outer in place.consumers():
        if inner not in operands(outer)[:1] or not isinstance(outer, ast.Call):
            return None
        if _is_conversion(outer, creators=False):
            return outer if _is_one(first, outer) else None
        if called_name(outer) not in VIEWS:
            return None
        inner = outer
    return None


def _is_conversion(call: ast.Call, *, creators: bool) -> bool:
    name = called_name(call)
    if name in {"astype", "copy"} and not is_module_call(call):
        return True
    return is_module_call(call) and (name in _LAYOUTS or (creators and name in _CREATORS))


def _is_one(first: ast.Call, second: ast.Call) -> bool:
    """Tell whether one call gives what the two give."""
    if called_name(first) != "astype" or called_name(second) != "astype":
        return True
    # ``x.astype(np.uint8).astype(float)`` cuts values off on purpose.
    return len(first.args) == len(second.args) == 1 and text_of(first.args[0]) == text_of(second.args[0])


def _write_one(first: ast.expr, second: ast.Call) -> str | None:
    """Write both as one call; ``None`` if that takes more than another ``dtype=``."""
    assert isinstance(first, ast.Call)
    kind, name, between = _dtype(second) or _dtype(first), called_name(second), operands(second)[0]
    if name == "astype" and is_module_call(first) and keyword(first, "dtype") is None and kind is not None:
        # A reshape between the two stays.
        return text_of(between).replace(text_of(first), f"{text_of(first)[:-1]}, dtype={kind})")
    if between is not first:
        return None
    if name in _LAYOUTS and called_name(first) == "astype" and isinstance(first.func, ast.Attribute):
        return f"{text_of(second.func)}({text_of(first.func.value)}, dtype={kind})"
    return text_of(first) if name == "copy" else None


def _dtype(call: ast.Call) -> str | None:
    given = keyword(call, "dtype")
    if given is None and called_name(call) == "astype" and call.args:
        given = call.args[0]
    return text_of(given) if given is not None else None
