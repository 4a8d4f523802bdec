"""An update that makes a new array while the old one dies: ``x = x * k`` needs both at once, ``x *= k`` one.

The rule looks for statements that assign to a name, or to an attribute, what operations on its own elements return,
where the old array was freed by that assignment: nothing else used it. While the new array is computed there are two of
them, and one more for each step between. In place the steps need no memory at all. This is not a problem where the old
array is still used elsewhere, or where the result has another type or shape; the rule is silent there.
"""

from __future__ import annotations

import ast
import itertools
from typing import TYPE_CHECKING

import numpy as np

from ndmem.advising.case import each_large
from ndmem.advising.dtypes import dtype_of, dtype_of_buffer
from ndmem.advising.edits.making import is_numpy, is_quiet, replace_statement
from ndmem.advising.replay import Change
from ndmem.advising.source.rewriting import in_place
from ndmem.advising.source.syntax import operands, text_of
from ndmem.advising.suggestion import Suggestion
from ndmem.advising.values import moment_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.case import Case, Group
    from ndmem.advising.dtypes import Type
    from ndmem.advising.source.syntax import Scope
    from ndmem.model.columns import Int64s
    from ndmem.model.edit import Edit

CODE = "NM102"
NAME = "updated-out-of-place"

_Target = ast.Name | ast.Attribute | ast.Subscript


def suggest(case: Case) -> Iterator[Suggestion]:
    """Suggest to update in place where the old value of the target dies."""
    groups = {group.place.node: group for group in case.groups}
    for statement in dict.fromkeys(group.place.statement for group in each_large(case)):
        if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], _Target):
            continue
        target, value = statement.targets[0], statement.value
        steps, code = _steps_in_place(text_of(target), value) if len(statement.targets) == 1 else ([], "")
        made = [groups[step] for step in steps if step in groups]
        kept = next((group for group in made if not group.temporary.all()), None)
        if kept is None or not len(pairs := _pair_with_old(case, kept.only(~kept.temporary), target)):
            continue
        new, old = case.buffers.at(pairs[:, 0]), case.buffers.at(pairs[:, 1])
        dropped = [Change.drop(group.temporaries().buffers) for group in made]
        name, whole = text_of(target), groups.get(value, kept)
        yield Suggestion(
            site=whole.site,
            expression=whole.expression,
            message=f"the old `{name}` dies here: while the new one is computed, there are {_count(made)}",
            fix=code,
            change=Change.all_of([Change.reuse(new, old), *dropped]),
            evidence={"nbytes": int(new.nbytes.max()), "count": len(pairs), "target": name},
            edit=_edit(case, kept, code, pairs) if all(map(is_numpy, made)) else None,
        )


def _edit(case: Case, kept: Group, code: str, pairs: Int64s) -> Edit | None:
    """Update in place, if that was possible each time the statement ran."""
    statement = kept.place.statement
    assert isinstance(statement, ast.Assign)
    kinds = {str(_allocated_dtype(case, row)) for row in pairs.ravel().tolist()}
    is_each_time = len(pairs) == len(kept.only(~kept.temporary))
    if not is_each_time or len(kinds) > 1 or "None" in kinds or not is_quiet(statement) or "~(" in code:
        return None  # ``~`` of integers would be something else
    if _is_parameter(kept.place.tree.scope(statement), statement.targets[0]):
        return None  # callers may keep what they pass, where it is too small to be recorded
    return replace_statement(kept.place.tree, statement, code)


def _is_parameter(scope: Scope, target: ast.expr) -> bool:
    if isinstance(scope, ast.Module) or not isinstance(target, ast.Name):
        return False
    return target.id in {given.arg for given in ast.walk(scope.args) if isinstance(given, ast.arg)}


def _allocated_dtype(case: Case, row: int) -> Type | None:
    """Return the type of a buffer's elements: as recorded, or that of its expression each time it was recorded."""
    recorded = case.dtype_of(row)
    made = next((group for group in case.groups if row in group.rows), None)
    if recorded is not None or made is None:
        return recorded
    others = {str(kind): kind for each in made.rows.tolist() if (kind := case.dtype_of(each)) is not None}
    if others:
        return next(iter(others.values())) if len(others) == 1 else None
    return dtype_of(moment_of(case, made), made.place.node)


def _count(made: list[Group]) -> str:
    return "two" if len(made) < 2 else "three"


def _steps_in_place(name: str, value: ast.expr) -> tuple[list[ast.expr], str]:
    """Return the operations that lead from a variable to the value it is assigned, the innermost first, and their code.

    Empty if they cannot be done one after the other in its memory: an operand of a later step reads the old value.
    """
    for start in ast.walk(value):
        if not isinstance(start, _Target) or text_of(start) != name:
            continue
        steps = _path(value, start)
        code = [in_place(step, operand, name) for operand, step in zip([start, *steps], steps, strict=False)]
        later = [
            side
            for inner, step in itertools.pairwise(steps)
            for side in operands(step)
            if side is not inner and _mentions(side, name)
        ]
        if steps and None not in code and not later:
            return steps, "; ".join(map(str, code))
    return [], ""


def _path(value: ast.expr, start: ast.expr) -> list[ast.expr]:
    """Return the expressions from the one that contains ``start`` directly to ``value``; empty if there are others."""
    if value is start:
        return []
    for inner in operands(value):
        if inner is start:
            return [value]
        below = _path(inner, start)
        if below:
            return [*below, value]
    return []


def _mentions(node: ast.expr, name: str) -> bool:
    return any(isinstance(inner, _Target) and text_of(inner) == name for inner in ast.walk(node))


def _pair_with_old(case: Case, new: Group, target: ast.expr) -> Int64s:
    """Return the rows of each new buffer and of the old one that dies when the statement stores the new one.

    Shape (k, 2). The two have equal sizes and, as far as it is known, equal dtypes.
    """
    trace, statement = case.index.trace, new.place.statement
    assert statement is not None
    buffers, tree = case.buffers, trace.tree
    freed_at = np.append(trace.events.stack, -1)[buffers.died]
    lines = np.array([site.lineno for site in trace.sites], np.int64)
    of_file = np.array([site.filename == new.site.filename for site in trace.sites], np.bool_)
    # What an item of a container held dies where the target stands; an item is not a variable, so nothing marks it.
    at_target = np.array(
        [(site.lineno, site.col) == (target.lineno, target.col_offset) for site in trace.sites], np.bool_
    )
    site = tree.site[freed_at]
    stored = (lines[site] >= statement.lineno) & (lines[site] <= (statement.end_lineno or statement.lineno))
    stored = buffers.freed & of_file[site] & ((stored & tree.stores[freed_at]) | at_target[site])
    dying = np.flatnonzero(stored)
    dying = dying[np.argsort(buffers.died[dying])]
    # The store follows the birth of the new value: the first such death after it.
    place = np.searchsorted(buffers.died[dying], new.buffers.born)
    new_rows = new.rows[place < len(dying)]
    old_rows = dying[place[place < len(dying)]]
    fits = (buffers.born[old_rows] < buffers.born[new_rows]) & (buffers.nbytes[old_rows] == buffers.nbytes[new_rows])
    pairs = np.stack([new_rows[fits], old_rows[fits]], axis=1)
    return pairs if len(pairs) and _keeps_dtype(case, new, target, pairs) else pairs[:0]


def _keeps_dtype(case: Case, new: Group, target: ast.expr, pairs: Int64s) -> bool:
    statement = new.place.statement
    assert isinstance(statement, ast.Assign)
    moment = moment_of(case, new)
    made, replaced = map(int, pairs[-1])
    was, now = dtype_of_buffer(moment, replaced, target), dtype_of_buffer(moment, made, statement.value)
    if was is None or now is None:
        # What is known to be an integer may have become a number of another kind with as many bytes.
        return not isinstance(was, np.dtype) or was.kind in "fc"
    return was == now
