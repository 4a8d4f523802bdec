"""A variable that is still bound at the peak, although nothing reads it any more.

A local variable keeps its array until the function returns, and a global one until the program ends. If the last use
is before the statement that reaches the peak, ``del name`` lets the array go before it. It is not a problem if the
array is read later: in the next round of a loop, in ``finally``, in an inner function, or through a view or another
variable.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import numpy as np

from ndmem.advising.edits.making import insert_after
from ndmem.advising.execution import event_lines, function_name, running_at
from ndmem.advising.replay import Change
from ndmem.advising.source.blocks import block_of, statement_in_block_of
from ndmem.advising.source.flow import follow_name
from ndmem.advising.source.liveness import may_be_read_after
from ndmem.advising.source.syntax import site_of, uses
from ndmem.advising.suggestion import Suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.case import Case
    from ndmem.advising.execution import Running
    from ndmem.advising.source.syntax import Scope, SourceTree
    from ndmem.model.columns import Int64s
    from ndmem.model.edit import Edit

CODE = "NM605"
NAME = "outlives-last-use"

_VARIABLE = re.compile(r"[^\W\d]\w*")


def suggest(case: Case) -> Iterator[Suggestion]:
    """Suggest to delete the variables that are not read after the statement of the peak."""
    peak = case.index.trace.peak
    for frame in running_at(case.index, peak.stack):
        scope = frame.place.tree.scope(frame.place.node)
        for name, rows in _held_in(case, frame).items():
            if int(case.buffers.nbytes[rows].sum()) < case.least:
                continue
            names = _dead_names(case, frame, scope, name, rows)
            last = None if names is None else _last_use(frame, scope, names)
            if names is None or last is None:
                continue
            freed = _free_from(case, frame, last, rows)
            if freed is not None:
                yield _say(case, frame, names, last, rows, freed)


def _say(case: Case, frame: Running, names: list[str], last: ast.Name, rows: Int64s, freed: int) -> Suggestion:
    buffers = case.buffers.at(rows)
    line, peak = last.lineno, frame.site.lineno
    return Suggestion(
        site=site_of(last, frame.site),
        expression=last.id,
        message=f"nothing reads `{names[0]}` after line {line}, but its array is live at the peak in line {peak}",
        fix=f"del {', '.join(names)}",
        change=Change.free_early(buffers, freed),
        evidence={
            "nbytes": int(buffers.nbytes.sum()),
            "count": len(rows),
            "last_use": line,
            "peak": peak,
            "names": names,
        },
        edit=_edit(frame, names, last),
    )


def _edit(frame: Running, names: list[str], last: ast.Name) -> Edit | None:
    """Delete the variables after their last use, before the statement of the peak, where all of them have a value."""
    tree, scope = frame.place.tree, frame.place.tree.scope(frame.place.node)
    after = statement_in_block_of(tree, last, frame.statement)
    if after is None or not all(_has_value(tree, scope, name, after) for name in names):
        return None
    return insert_after(after, f"del {', '.join(names)}")


def _has_value(tree: SourceTree, scope: Scope, name: str, after: ast.stmt) -> bool:
    """Tell whether a local variable has a value after a statement, whichever branches were taken."""
    found = uses(scope, name)
    if any(isinstance(use.ctx, ast.Del) for use in found) or _is_of_other_scope(scope, name):
        return False
    blocks = {id(block) for outer in (after, *tree.enclosing(after)) if (block := block_of(tree, outer)) is not None}
    for use in found:
        statement = tree.statement(use)
        if not isinstance(use.ctx, ast.Store) or statement is None or use.lineno > after.lineno:
            continue
        if (
            isinstance(statement, ast.Assign | ast.AnnAssign | ast.For | ast.With)
            and id(block_of(tree, statement)) in blocks
        ):
            return True
    return False


def _is_of_other_scope(scope: Scope, name: str) -> bool:
    return any(isinstance(node, ast.Global | ast.Nonlocal) and name in node.names for node in ast.walk(scope))


def _held_in(case: Case, frame: Running) -> dict[str, Int64s]:
    """Return the buffers that are live at the peak by the variable of the function that they were seen in."""
    function = function_name(frame)
    found: dict[str, list[int]] = {}
    alive = case.alive_at(case.peak_event) & (case.buffers.born < case.peak_event - 1)
    for row in np.flatnonzero(alive).tolist():
        holder = case.holder_at(row, case.peak_event)
        match = None if holder is None or holder.function != function else _VARIABLE.match(holder.name)
        if match is not None:
            found.setdefault(match.group(), []).append(row)
    return {name: np.array(rows, np.int64) for name, rows in found.items()}


def _dead_names(case: Case, frame: Running, scope: Scope, name: str, rows: Int64s) -> list[str] | None:
    """Return the variables to delete, `name` first; ``None`` if one of them is needed, or not all are known."""
    tree = frame.place.tree
    if not any(isinstance(node.ctx, ast.Store) for node in uses(scope, name)):
        return None  # a parameter: the caller may hold the array, too
    others = _names_of_others(case, frame, set(rows.tolist()))
    flow = follow_name(tree, scope, name, apart=others)
    if flow.escapes or flow.returned:
        return None
    bound = [each for each in flow.names if each == name or _is_bound_before(scope, each, frame.statement)]
    if any(_is_bound_in(frame.statement, each) or may_be_read_after(tree, frame.statement, each) for each in bound):
        return None
    return [name, *sorted(each for each in bound if each != name)]


def _names_of_others(case: Case, frame: Running, rows: set[int]) -> set[str]:
    """Return the function's variables that hold whole arrays of their own at the peak."""
    function = function_name(frame)
    alive = case.alive_at(case.peak_event)
    seen = (case.holder_at(row, case.peak_event) for row in np.flatnonzero(alive).tolist() if row not in rows)
    return {each.name for each in seen if each is not None and not each.is_view and each.function == function}


def _is_bound_before(scope: Scope, name: str, statement: ast.stmt) -> bool:
    return any(isinstance(use.ctx, ast.Store) and use.lineno < statement.lineno for use in uses(scope, name))


def _is_bound_in(statement: ast.stmt, name: str) -> bool:
    return any(isinstance(use.ctx, ast.Store) for use in uses(statement, name))


def _last_use(frame: Running, scope: Scope, names: list[str]) -> ast.Name | None:
    """Return the last place before the statement of the peak, in the source, where one of the variables is used."""
    found = [use for name in names for use in uses(scope, name) if use.lineno < frame.statement.lineno]
    return max(found, key=lambda use: (use.lineno, use.col_offset), default=None)


def _free_from(case: Case, frame: Running, last: ast.Name, rows: Int64s) -> int | None:
    """Return the event before which the buffers are freed, if they are after their last use; ``None`` if at no event.

    The uses in a loop that has ended before the peak were over when the loop was.
    """
    tree = frame.place.tree
    statement = tree.statement(last)
    assert statement is not None
    around = set(map(id, tree.loops(frame.place.node)))
    ended = [loop for loop in tree.loops(last) if id(loop) not in around and isinstance(loop, ast.stmt)]
    end = (ended[-1] if ended else statement).end_lineno or last.lineno
    lines = event_lines(case.index, frame.node)[: case.peak_event]
    before = np.flatnonzero((lines >= 0) & (lines <= end))
    newest = int(case.buffers.born[rows].max())
    freed = max(newest, int(before[-1]) if len(before) else 0) + 1
    return freed if freed < case.peak_event else None
