"""Two conversions, or a new array and its conversion, where one call makes the result.

``np.zeros(shape).astype(bool)`` allocates eight bytes for each element first, and one in the end;
``np.asfortranarray(table.astype(float))`` has two arrays of the final size. The functions take ``dtype=``. This is not
a problem where the first step computes something, as a random generator does whose numbers depend on the type.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ndmem.advising.case import each_large
from ndmem.advising.replay import Change
from ndmem.advising.source.operations import VIEWS
from ndmem.advising.source.syntax import called_name, is_module_call, keyword, operands, text_of
from ndmem.advising.suggestion import Suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.case import Case
    from ndmem.advising.source.syntax import Place

CODE = "NM302"
NAME = "two-conversions-in-a-row"

_CREATORS = frozenset({
    "zeros", "ones", "empty", "full", "eye", "identity", "arange", "zeros_like", "ones_like", "full_like", "empty_like",
})  # fmt: skip
_LAYOUTS = frozenset({"asfortranarray", "ascontiguousarray", "array", "asarray"})


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
        )


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
