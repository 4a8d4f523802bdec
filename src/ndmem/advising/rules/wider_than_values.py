"""An array stored wider than its values: 64-bit integers below 256, double precision for 0 and 1, strings half empty.

Needs ``ndmem run --deep``, which looks at the values of large arrays when functions return and at the end of the
program. It looks for integers that a narrower type holds, floating-point numbers that are exact in single precision or
are all small integers, complex numbers without imaginary parts, and text in fields twice as wide as needed. A saving is
estimated, because later runs may have other values, and arithmetic in a narrow type can overflow. This is not a problem
where an array is used as an index, which needs 64-bit integers, or where values will grow.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import numpy as np

from ndmem.advising.case import each_large
from ndmem.advising.forms import read_dtype
from ndmem.advising.replay import Change
from ndmem.advising.source.syntax import called_name, is_module_call, keyword, source_tree, text_of
from ndmem.advising.suggestion import Suggestion
from ndmem.model.advice.finding import Proof

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.case import Case, Group
    from ndmem.advising.source.syntax import SourceTree
    from ndmem.analysis.over_time.lifetimes import Lifetimes
    from ndmem.model.columns import Bools
    from ndmem.model.deep_facts import ValueRange

CODE = "NM203"
NAME = "wider-than-values"

_FILLED = {
    "zeros": 1,
    "ones": 1,
    "empty": 1,
    "full": 2,
    "zeros_like": 1,
    "ones_like": 1,
    "empty_like": 1,
    "full_like": 2,
}
"""Functions that make an array of values that are put in later, and the place of ``dtype`` among the arguments."""

_CONVERTING = {"array": 1, "asarray": 1, "arange": 3, "fromiter": 1, "identity": 1, "eye": 3, "astype": 0}
"""Functions that convert values. Not those that draw random numbers: with another dtype they draw others."""

_POSITIONS = frozenset({
    "nonzero", "flatnonzero", "argwhere", "argsort", "argpartition", "lexsort", "searchsorted", "unravel_index",
    "ravel_multi_index",
})  # fmt: skip
"""Functions whose results are used as indexes."""


_SELECTING = frozenset({"take", "take_along_axis", "put", "put_along_axis", "at", "choose", "reduceat", "delete"})
"""Functions and methods that select elements by position."""

_LAST_NAME = re.compile(r"([^\W\d]\w*)$")


def suggest(case: Case) -> Iterator[Suggestion]:
    """Suggest the narrower type."""
    known: dict[int, list[ValueRange]] = {}
    deep = case.index.trace.deep
    for each in () if deep is None else deep.values:
        for node in each.stacks:
            known.setdefault(node, []).append(each)
    if not known:
        return
    for group in each_large(case):
        seen = {each for node in set(group.buffers.node.tolist()) for each in known.get(node, ())}
        for each in seen:
            yield from _suggest(case, group, each)


def _suggest(case: Case, group: Group, seen: ValueRange) -> Iterator[Suggestion]:
    wide, narrow = read_dtype(seen.dtype), read_dtype(seen.narrower)
    if wide is None or narrow is None or narrow.itemsize >= wide.itemsize:
        return
    if narrow.kind in "iu" and wide.kind in "iu" and _is_index(case, group):
        return
    chosen = group.only(_find_rows(case, group, seen, wide))
    at_peak = int(np.count_nonzero(case.alive_at(case.peak_event)[chosen.rows]))
    if not len(chosen) or seen.count < at_peak:  # others may have other values
        return
    buffers = chosen.buffers
    if not (chosen.direct.any() or called_name(group.place.node)):
        return  # an operator of a library's objects: their parts have no dtype of their own to choose
    fix = _with_dtype(group.place.node, narrow, is_complex=wide.kind == "c")
    yield Suggestion(
        site=group.site,
        expression=group.expression,
        message=_say(seen, wide, narrow),
        fix=fix or _converted(group.place.node, narrow, is_complex=wide.kind == "c"),
        change=_shrink(buffers, narrow.itemsize / wide.itemsize, at_once=fix is not None),
        evidence={
            "nbytes": int(buffers.nbytes.max()),
            "count": len(chosen),
            "looks": seen.count,
            "dtype": seen.dtype,
            "narrower": seen.narrower,
            "low": seen.low,
            "high": seen.high,
        },
        proof=Proof.ESTIMATED,
    )


def _find_rows(case: Case, group: Group, seen: ValueRange, wide: np.dtype) -> Bools:
    """Mark the buffers of a group whose arrays were of the dtype that was seen, temporary ones left out."""
    marks: Bools = np.isin(group.buffers.node, seen.stacks) & ~group.temporary & (group.buffers.nbytes <= seen.nbytes)
    for place in np.flatnonzero(marks).tolist():
        dtype = case.dtype_of(int(group.rows[place]))
        marks[place] = group.buffers.nbytes[place] == seen.nbytes if dtype is None else dtype == wide
    return marks


def _is_index(case: Case, group: Group) -> bool:
    """Tell whether the values are positions: what a search returns, or a variable that indexes arrays anywhere."""
    place = group.place
    if called_name(place.node) in _POSITIONS or (
        called_name(place.node) == "where" and isinstance(place.node, ast.Call) and len(place.node.args) == 1
    ):
        return True
    target = place.target()
    names = {text_of(target).rpartition(".")[2]} if isinstance(target, ast.Name | ast.Attribute) else set()
    for row in group.rows.tolist():
        seen = (_LAST_NAME.search(holder.name) for holder in case.sightings(row))
        names |= {match[1] for match in seen if match is not None}
    trees = [tree for name in case.index.trace.sources if (tree := source_tree(case.index, name)) is not None]
    return any(
        _indexes(tree, node)
        for tree in trees
        for node in ast.walk(tree.root)
        if (isinstance(node, ast.Name) and node.id in names) or (isinstance(node, ast.Attribute) and node.attr in names)
    )


def _indexes(tree: SourceTree, use: ast.expr) -> bool:
    """Tell whether a use of an array, of a part of it, or of it plus a number, selects elements of another one."""
    inner: ast.AST = use
    while True:
        outer = tree.parents.get(inner)
        match outer:
            case ast.Subscript(slice=item) if item is inner:
                return True
            case ast.Subscript() | ast.BinOp() | ast.Tuple():
                inner = outer
            case ast.Call(func=func, args=args):
                # ``np.take(x, positions)`` has them second, ``x.take(positions)`` first.
                first = int(is_module_call(outer))
                return called_name(outer) in _SELECTING and func is not inner and inner in args[first:]
            case _:
                return False


def _shrink(buffers: Lifetimes, ratio: float, *, at_once: bool) -> Change:
    """Return the change; a conversion has the wide array and the narrow one at its moment."""
    if at_once:
        return Change.scale(buffers, ratio)
    left = np.ceil(buffers.nbytes * ratio).astype(np.int64)
    converted = np.minimum(buffers.born + 1, buffers.died)
    return Change.all_of([
        Change(buffers.born, converted, -left, np.full(len(left), -1), 0),
        Change(converted, buffers.died, buffers.nbytes - left, buffers.buffer, 0),
    ])  # fmt: skip


def _with_dtype(node: ast.expr, dtype: np.dtype, *, is_complex: bool) -> str | None:
    """Write a call so that its result has a dtype from the start; ``None`` if its function cannot."""
    if not isinstance(node, ast.Call) or any(isinstance(given, ast.Starred) for given in node.args):
        return None
    # What converts complex numbers to real ones warns.
    place = (_FILLED if is_complex else {**_FILLED, **_CONVERTING}).get(called_name(node) or "")
    if place is None:
        return None
    wanted = _parse(_spell(dtype))
    keywords = [ast.keyword(one.arg, wanted if one.arg == "dtype" else one.value) for one in node.keywords]
    args = node.args
    if len(args) > place:
        args = [*args[:place], wanted, *args[place + 1 :]]
    elif keyword(node, "dtype") is None:
        keywords.append(ast.keyword("dtype", wanted))
    return text_of(ast.Call(node.func, args, keywords))


def _converted(node: ast.expr, dtype: np.dtype, *, is_complex: bool) -> str:
    """Write an expression with a conversion of its result."""
    if is_complex:
        return f"{text_of(ast.Attribute(node, 'real', ast.Load()))}.copy()"
    return text_of(ast.Call(ast.Attribute(node, "astype", ast.Load()), [_parse(_spell(dtype))], []))


def _parse(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _spell(dtype: np.dtype) -> str:
    return f"'{dtype.str[1:]}'" if dtype.kind in "US" else f"np.{dtype}"


def _say(seen: ValueRange, wide: np.dtype, narrow: np.dtype) -> str:
    part = f"1/{round(wide.itemsize / narrow.itemsize)} of the memory"
    if wide.kind in "US":
        used = round(narrow.itemsize / wide.itemsize * _width(wide))
        return f"the longest text had {used} of {_width(wide)} characters when ndmem looked: {part} is enough"
    if seen.low is not None and seen.high is not None:
        numbers = "" if wide.kind in "iu" else "integers "
        return (
            f"all values were {numbers}from {seen.low:,} to {seen.high:,} when ndmem looked: {narrow} holds them in "
            f"{part} of {wide}; check that no later step overflows"
        )
    if wide.kind == "c":
        return f"all imaginary parts were 0 when ndmem looked: {narrow} holds the values in {part}"
    return f"all values were exact in single precision when ndmem looked: {narrow} holds them in {part} of {wide}"


def _width(dtype: np.dtype) -> int:
    return dtype.itemsize // (4 if dtype.kind == "U" else 1)
