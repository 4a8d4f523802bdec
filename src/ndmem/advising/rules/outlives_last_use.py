"""A variable that is still bound at the peak, although nothing reads it any more.

A local variable keeps its array until the function returns, and a global one until the program ends. If the last use
is before the statement that reaches the peak, ``del name`` lets the array go before it. Variables that are small each
are deleted together. It is not a problem if the array is read later: in the next round of a loop, in ``finally``, in
an inner function, or through a view or another variable.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
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

_MOST_TOGETHER = 8
"""Variables that are deleted together at most: a longer list is hard to check."""

_VARIABLE = re.compile(r"[^\W\d]\w*")
_ITEMS = re.compile(r"(\[[^\]]*\])*")


@dataclass(frozen=True, slots=True, eq=False)
class _Dead:
    """Variables that nothing reads after the statement of the peak.

    Attributes
    ----------
    names : list of str
        All names of the arrays.
    last : ast.Name
        Their last use.
    over : ast.stmt
        The statement after which they can be deleted: that of the last use, or a loop around it that has ended.
    rows : (k,) int64
        Rows of the buffers that they hold.
    freed : int
        The event before which these are freed then.
    """

    names: list[str]
    last: ast.Name
    over: ast.stmt
    rows: Int64s
    freed: int

    def nbytes(self, case: Case) -> int:
        return int(case.buffers.nbytes[self.rows].sum())


def suggest(case: Case) -> Iterator[Suggestion]:
    """Suggest to delete the variables that are not read after the statement of the peak."""
    for frame in running_at(case.index, case.index.trace.peak.stack):
        small: dict[int, list[_Dead]] = {}
        for dead in _find_dead(case, frame):
            if dead.nbytes(case) >= case.least:
                yield _say(case, frame, [dead])
            elif len(dead.names) == 1:
                small.setdefault(_loop_around(frame, dead), []).append(dead)
        for together in small.values():
            most = sorted(together, key=lambda dead: dead.nbytes(case), reverse=True)[:_MOST_TOGETHER]
            if sum(dead.nbytes(case) for dead in most) >= case.least:
                yield _say(case, frame, sorted(most, key=lambda dead: (dead.over.end_lineno or 0, dead.last.lineno)))


def _loop_around(frame: Running, dead: _Dead) -> int:
    """Return which loop the variables are deleted in: one that is deleted in it must be bound in it again."""
    return next(map(id, frame.place.tree.loops(dead.over)), 0)


def _find_dead(case: Case, frame: Running) -> Iterator[_Dead]:
    scope = frame.place.tree.scope(frame.place.node)
    seen: set[str] = set()
    held = _held_in(case, frame)
    for name, own in held.items():
        if name in seen or int(case.buffers.nbytes[own].sum()) * _MOST_TOGETHER < case.least:
            continue
        names = _dead_names(case, frame, scope, name, own)
        last = None if names is None else _last_use(frame, scope, names)
        if names is None or last is None:
            continue
        over = _over(frame, last)
        rows = np.unique(np.concatenate([held[each] for each in names if each in held]))
        freed = _free_from(case, frame, over, rows)
        if freed is not None:
            seen.update(names)
            yield _Dead(names, last, over, rows, freed)


def _say(case: Case, frame: Running, dead: list[_Dead]) -> Suggestion:
    last, over, peak = dead[-1].last, dead[-1].over, frame.site.lineno
    freed = max(each.freed for each in dead)  # one `del` for all, after the last of them
    line = over.end_lineno or last.lineno
    after = (
        f"after {'the loop that ends in ' if isinstance(over, ast.For | ast.AsyncFor | ast.While) else ''}line {line}"
    )
    names = list(dict.fromkeys(name for each in dead for name in each.names))
    rows = np.concatenate([each.rows for each in dead])
    if len(dead) == 1:
        what = f"`{names[0]}` {after}, but its array is"
    else:
        read = ", ".join(f"`{each.names[0]}`" for each in dead[:-1])
        what = f"{read} and `{dead[-1].names[0]}` {after}, but their arrays are"
    return Suggestion(
        site=site_of(last, frame.site),
        expression=last.id,
        message=f"nothing reads {what} live at the peak in line {peak}",
        fix=f"del {', '.join(names)}",
        change=Change.all_of(
            [Change.free_early(case.buffers.at(rows), freed), _free_in_other_rounds(case, frame, over, rows)]
        ),
        evidence={
            "nbytes": int(case.buffers.nbytes[rows].sum()),
            "count": len(rows),
            "last_use": last.lineno,
            "peak": peak,
            "names": names,
        },
        edit=_edit(frame, names, last),
    )


def _free_in_other_rounds(case: Case, frame: Running, over: ast.stmt, rows: Int64s) -> Change:
    """Free what the same variables held in the other rounds of a loop around the `del`, which acts in each."""
    others = [group.only(~group.temporary) for group in case.groups if np.isin(rows, group.rows).any()]
    if not others or not frame.place.tree.loops(over):
        return Change.all_of([])
    found = np.setdiff1d(np.concatenate([group.rows for group in others]), rows)
    lines = event_lines(case.index, frame.node)
    beyond = np.append(np.flatnonzero(lines > (over.end_lineno or over.lineno)), len(lines))
    freed = beyond[np.searchsorted(beyond, case.buffers.born[found])]
    here = lines[case.buffers.born[found]] >= 0  # in this call of the function
    return Change.free_early(case.buffers.at(found[here]), freed[here])


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
    function, bound = function_name(frame), _bound_by_statement(case)
    found: dict[str, list[int]] = {}
    alive = case.alive_at(case.peak_event) & (case.buffers.born < case.peak_event - 1)
    for row in np.flatnonzero(alive).tolist():
        holder = case.holder_at(row, case.peak_event)
        if holder is None or holder.function != function:
            continue
        match = _VARIABLE.match(holder.name)
        # What an object has got later, it may share: a figure keeps its axes, whatever variable has them.
        if match is not None and (_ITEMS.fullmatch(holder.name, match.end()) or match.group() in bound.get(row, ())):
            found.setdefault(match.group(), []).append(row)
    return {name: np.array(rows, np.int64) for name, rows in found.items()}


def _bound_by_statement(case: Case) -> dict[int, set[str]]:
    """Return the variables that the statement that allocated each buffer assigns, by its row."""
    found: dict[int, set[str]] = {}
    for group in case.groups:
        match group.place.statement:
            case ast.Assign(targets=targets):
                names = {each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)}
                found.update(dict.fromkeys(group.rows.tolist(), names))
    return found


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


def _over(frame: Running, last: ast.Name) -> ast.stmt:
    """Return the statement after which nothing uses the variable: a loop that has ended before the peak, as a whole."""
    tree = frame.place.tree
    statement = tree.statement(last)
    assert statement is not None
    around = set(map(id, tree.loops(frame.place.node)))
    ended = [loop for loop in tree.loops(last) if id(loop) not in around and isinstance(loop, ast.stmt)]
    return ended[-1] if ended else statement


def _free_from(case: Case, frame: Running, over: ast.stmt, rows: Int64s) -> int | None:
    """Return the event before which the buffers are freed after a statement; ``None`` if at no event."""
    lines = event_lines(case.index, frame.node)[: case.peak_event]
    before = np.flatnonzero((lines >= 0) & (lines <= (over.end_lineno or over.lineno)))
    newest = int(case.buffers.born[rows].max())
    freed = max(newest, int(before[-1]) if len(before) else 0) + 1
    return freed if freed < case.peak_event else None
