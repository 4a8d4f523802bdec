"""A work array inside a call: a cast of its operand, or an intermediate result, as large as the operand.

``np.bincount`` casts its operand to 64-bit integers, ``np.median`` copies it to sort it, ``np.std`` subtracts the mean
from a copy. The array is freed before the call returns, so no variable ever shows it; the recorded events do. Calls on
blocks of rows need one block of it. This is not a problem where the operand has the type already that the function
works with, or where the work array is small beside its operand or the peak. A median of all elements cannot be computed
block by block: it can use the memory of its operand, where nothing reads that afterwards.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import numpy as np

from ndmem.advising.case import each_large
from ndmem.advising.dtypes import dtype_of
from ndmem.advising.edits.making import is_numpy, replace_expression
from ndmem.advising.last_read import is_last_read
from ndmem.advising.replay import Change
from ndmem.advising.source.syntax import called_name, is_module_call, keyword, spelled_integer, text_of
from ndmem.advising.suggestion import Suggestion
from ndmem.advising.values import array_of, moment_of, nbytes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.case import Case, Group
    from ndmem.model.advice.edit import Edit

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


_OVERWRITING = frozenset({"median", "nanmedian", "percentile", "nanpercentile", "quantile", "nanquantile"})
"""Functions that can sort in the memory of their operand."""

_SMALL = 8
"""A work array is small if its operand is as many times as large: the function works in blocks already."""

_BLOCKS = 64
"""Blocks that a call is written for: each needs a work array of its own, one after the other."""

_OF_ONE_BYTE = frozenset({np.dtype(np.uint8), np.dtype(bool)})
_VALUES_OF_ONE_BYTE = 256


def suggest(case: Case) -> Iterator[Suggestion]:
    """Suggest to call block by block."""
    for group in each_large(case):
        call = group.place.node
        if not isinstance(call, ast.Call) or not (_is_by_blocks(call) or called_name(call) in _OVERWRITING):
            continue
        work = group.only(case.freed_at_site(group))
        if not len(work) or _is_small(case, group, work, call):
            continue
        if not _is_by_blocks(call):
            yield from _overwrite(case, group, work, call)
            continue
        nbytes, fix = int(work.buffers.nbytes.max()), _write_blocks(call)
        yield Suggestion(
            site=group.site,
            expression=group.expression,
            message=f"`{called_name(call)}` works on an array of its own, which is freed before it returns",
            fix=fix,
            change=Change.drop(work.buffers) if fix is None else Change.scale(work.buffers, 1 / _BLOCKS),
            evidence={"nbytes": nbytes, "count": len(work)},
            edit=_edit(case, group, call, fix),
        )


def _is_small(case: Case, group: Group, work: Group, call: ast.Call) -> bool:
    size = nbytes_of(moment_of(case, group), call.args[0]) if call.args else None
    return size is not None and int(work.buffers.nbytes.max()) * _SMALL <= size


def _overwrite(case: Case, group: Group, work: Group, call: ast.Call) -> Iterator[Suggestion]:
    """Suggest to sort in the memory of an operand that nothing reads any more."""
    if not is_module_call(call) or not call.args or keyword(call, "overwrite_input") is not None:
        return
    operand, moment = call.args[0], moment_of(case, group)
    statement = group.place.statement
    if not isinstance(operand, ast.Name) or statement is None or not is_last_read(moment, operand, statement):
        return
    yield Suggestion(
        site=group.site,
        expression=group.expression,
        message=f"`{called_name(call)}` sorts a copy of `{operand.id}`, which nothing reads afterwards",
        fix=f"{text_of(call)[:-1]}, overwrite_input=True)",
        change=Change.drop(work.buffers),
        evidence={"nbytes": int(work.buffers.nbytes.max()), "count": len(work)},
    )


def _edit(case: Case, group: Group, call: ast.Call, fix: str | None) -> Edit | None:
    """Write the call for blocks, where they join to the same array."""
    name, axis, moment = called_name(call), _axis(call), moment_of(case, group)
    if fix is None or not call.args or not is_numpy(group):
        return None
    if name == "bincount":
        kind, length = dtype_of(moment, call.args[0]), spelled_integer(keyword(call, "minlength"))
        # Counts of blocks are equally long only if no value is beyond them.
        is_safe = isinstance(kind, np.dtype) and kind in _OF_ONE_BYTE and (length or 0) >= _VALUES_OF_ONE_BYTE
        return replace_expression(group.place.tree, call, fix) if is_safe else None
    array = array_of(moment, call.args[0])
    if array is None or len(array.shape) < 2 or axis not in {0, 1, -1, len(array.shape) - 1}:
        return None
    if len(call.args) > 1 or {given.arg for given in call.keywords} - {"axis", "ddof"}:
        return None
    return replace_expression(group.place.tree, call, fix, is_exact=name in {"median", "nanmedian"})


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
        return f"sum({block} for part in np.array_split({operand}, {_BLOCKS}))"
    if name in _BY_MOMENTS | {"median", "nanmedian"} and axis is not None:
        split = f"{operand}, {_BLOCKS}" if axis != 0 else f"{operand}, {_BLOCKS}, axis=1"
        return f"np.concatenate([{block} for part in np.array_split({split})])"
    return None
