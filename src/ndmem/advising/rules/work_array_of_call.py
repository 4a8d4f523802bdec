"""A work array inside a call: a cast of its operand, or an intermediate result, as large as the operand.

``np.bincount`` casts its operand to 64-bit integers, ``np.median`` copies it to sort it, ``np.std`` subtracts the mean
from a copy. The array is freed before the call returns, so no variable ever shows it; the recorded events do. Calls on
blocks of rows need one block of it. This is not a problem where the operand has the type already that the function
works with, or where the work array is small beside the peak. Functions that cannot be computed block by block, as a
median of all elements, are left out.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ndmem.advising.case import each_large
from ndmem.advising.replay import Change
from ndmem.advising.source.syntax import called_name, is_module_call, keyword, spelled_integer, text_of
from ndmem.advising.suggestion import Suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.case import Case

CODE = "NM105"
NAME = "work-array-of-call"

_BY_ELEMENTS = frozenset({"bincount", "digitize", "interp", "searchsorted", "histogram", "isin"})
"""Functions of each element, or that count elements."""

_BY_MOMENTS = frozenset({"std", "var", "nanstd", "nanvar"})
"""Functions that sums over blocks are enough for."""

_BY_ROWS = _BY_MOMENTS | {
    "median", "nanmedian", "percentile", "nanpercentile", "quantile", "nanquantile",
    "fft", "ifft", "rfft", "irfft", "sort", "argsort", "cumsum",
}  # fmt: skip
"""Functions along one axis, which is independent of the others."""


def suggest(case: Case) -> Iterator[Suggestion]:
    """Suggest to call block by block."""
    for group in each_large(case):
        call = group.place.node
        if not isinstance(call, ast.Call) or not _is_by_blocks(call):
            continue
        work = group.only(case.freed_at_site(group))
        if not len(work):
            continue
        nbytes = int(work.buffers.nbytes.max())
        yield Suggestion(
            site=group.site,
            expression=group.expression,
            message=f"`{called_name(call)}` works on an array of its own, which is freed before it returns",
            fix=_write_blocks(call),
            change=Change.drop(work.buffers),
            evidence={"nbytes": nbytes, "count": len(work)},
        )


def _is_by_blocks(call: ast.Call) -> bool:
    name = called_name(call)
    return name in _BY_ELEMENTS | _BY_MOMENTS or (name in _BY_ROWS and _axis(call) is not None)


def _axis(call: ast.Call) -> int | None:
    """Return the one axis that a function works along, as far as the call spells it."""
    return spelled_integer(keyword(call, "axis"))


def _write_blocks(call: ast.Call) -> str | None:
    """Write the call for blocks of its operand, where one expression does it."""
    if not is_module_call(call) or not call.args:
        return None
    operand, axis, name = text_of(call.args[0]), _axis(call), called_name(call)
    parts = [text_of(given) for given in call.args[1:]]
    parts += [f"{given.arg}={text_of(given.value)}" for given in call.keywords]
    block = f"{text_of(call.func)}({', '.join(['part', *parts])})"
    if name == "bincount" and keyword(call, "minlength") is not None and keyword(call, "weights") is None:
        return f"sum({block} for part in np.array_split({operand}, 64))"
    if name in _BY_MOMENTS | {"median", "nanmedian"} and axis is not None:
        split = f"{operand}, 64" if axis != 0 else f"{operand}, 64, axis=1"
        return f"np.concatenate([{block} for part in np.array_split({split})])"
    return None
