"""An update that makes a new array while the old one dies: ``x = x * k`` needs both at once, ``x *= k`` one."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import numpy as np

from ndmem.advising.case import each_large
from ndmem.advising.operations import OPERATORS, UFUNCS
from ndmem.advising.replay import Change
from ndmem.advising.suggestion import Suggestion
from ndmem.advising.syntax import called_name, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.case import Case, Group
    from ndmem.model.columns import Int64s

CODE = "NM102"
NAME = "updated-out-of-place"


def suggest(case: Case) -> Iterator[Suggestion]:
    """Suggest to update in place where the old value of the target dies."""
    for group in each_large(case):
        target = group.place.target()
        if target is None or (fix := _write_update(target, group.place.node)) is None:
            continue
        pairs = _pair_with_old(case, group.only(~group.temporary))
        if not len(pairs):
            continue
        new, old = case.buffers.at(pairs[:, 0]), case.buffers.at(pairs[:, 1])
        name = text_of(target)
        yield Suggestion(
            site=group.site,
            expression=group.expression,
            message=f"the old `{name}` dies here: while the new one is computed, there are two",
            fix=fix,
            change=Change.reuse(new, old),
            evidence={"nbytes": int(new.nbytes.max()), "count": len(pairs), "target": name},
        )


def _write_update(target: ast.expr, value: ast.expr) -> str | None:
    """Write the update of a target in place; ``None`` if the value is not an operation on the target's elements."""
    name = text_of(target)
    match value:
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            update, function = OPERATORS[type(op)]
            if text_of(left) == name:
                return f"{name} {update} {text_of(right)}"
            if text_of(right) == name:
                if isinstance(op, ast.Add | ast.Mult | ast.BitAnd | ast.BitOr | ast.BitXor):
                    return f"{name} {update} {text_of(left)}"
                return f"np.{function}({text_of(left)}, {name}, out={name})"
        case ast.UnaryOp(op=ast.USub(), operand=operand) if text_of(operand) == name:
            return f"np.negative({name}, out={name})"
        case ast.Call(args=args, keywords=keywords) if called_name(value) in UFUNCS | {"clip"}:
            if any(text_of(arg) == name for arg in args) and not any(given.arg == "out" for given in keywords):
                return f"{text_of(value)[:-1]}, out={name})"
    return None


def _pair_with_old(case: Case, new: Group) -> Int64s:
    """Return the rows of each new buffer and of the old one that dies when the statement stores the new one.

    Shape (k, 2). The two have equal sizes and, where both are known, equal dtypes.
    """
    trace, statement = case.index.trace, new.place.statement
    assert statement is not None
    buffers, tree = case.buffers, trace.tree
    freed_at = np.append(trace.events.stack, -1)[buffers.died]
    lines = np.array([site.lineno for site in trace.sites], np.int64)
    of_file = np.array([site.filename == new.site.filename for site in trace.sites], np.bool_)
    site = tree.site[freed_at]
    stored = buffers.freed & tree.stores[freed_at] & of_file[site]
    stored &= (lines[site] >= statement.lineno) & (lines[site] <= (statement.end_lineno or statement.lineno))
    dying = np.flatnonzero(stored)
    dying = dying[np.argsort(buffers.died[dying])]
    # The store follows the birth of the new value: the first such death after it.
    place = np.searchsorted(buffers.died[dying], new.buffers.born)
    new_rows = new.rows[place < len(dying)]
    old_rows = dying[place[place < len(dying)]]
    fits = (buffers.born[old_rows] < buffers.born[new_rows]) & (buffers.nbytes[old_rows] == buffers.nbytes[new_rows])
    pairs = np.stack([new_rows[fits], old_rows[fits]], axis=1)
    kept = [_same_dtype(case, *pair) for pair in pairs.tolist()]
    return pairs[np.array(kept, np.bool_)]


def _same_dtype(case: Case, new: int, old: int) -> bool:
    first, second = case.array_of(new), case.array_of(old)
    return first is None or second is None or first.dtype == second.dtype
