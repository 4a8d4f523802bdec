"""When an object would have been freed that a cycle of references kept: when the last variable let go of it.

The tracker does not see variables between its searches. The source tells which function has the object, and the events
tell when that function had gone on, made the next object, or ended.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ndmem.advising.source.flow import follow_value

from .execution import arrivals, event_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.model.columns import Bools, Int64s

    from .case import Case
    from .execution import Running


@dataclass(frozen=True, slots=True, eq=False)
class Released:
    """When variables let go of objects.

    Attributes
    ----------
    events : (k,) int64
        For each buffer the event before which its object was let go of; the number of all events if it was not.
    is_known : bool
        Whether events tell; false if each buffer was taken for an object of its own.
    """

    events: Int64s
    is_known: bool


def let_go(case: Case, frames: list[Running], rows: Int64s) -> Released:
    """Find when the last variable let go of the objects that have some buffers of one stack.

    Parameters
    ----------
    case : Case
        The run.
    frames : list of Running
        The user's functions on the stack, the outermost first; not empty.
    rows : (k,) int64
        The buffers, in order of birth.
    """
    owner = find_owner(frames)
    tree, lines, statement = owner.place.tree, event_lines(case.index, owner.node), owner.statement
    born, events = case.buffers.born[rows], len(lines)
    rounds = _next_rounds(case, frames, owner, rows)
    free = np.full(len(rows), events)
    names = set(follow_value(tree, owner.place.node).names)
    loops = [loop for loop in tree.loops(owner.place.node) if isinstance(loop, ast.stmt)]
    if not names and not isinstance(owner.place.target(), ast.Attribute | ast.Subscript):
        free = np.minimum(rounds.events, _next(~_is_at(lines, statement), born))
    elif loops and isinstance(statement, ast.Assign | ast.AnnAssign):
        # The next object is complete before the variable lets go of this one.
        complete = _next(~_is_at(lines, statement), np.minimum(rounds.events, events - 1))
        free = np.where(rounds.events < events, np.minimum(complete, _next_larger(rounds.events)), events)
    for other in _other_bindings(owner, names):
        free = np.minimum(free, _next(lines > (other.end_lineno or other.lineno), born))
    if not isinstance(tree.scope(owner.place.node), ast.Module):
        first = min(each.lineno for each in (statement, *loops))
        free = np.minimum(free, _next(lines < first, born))  # it has ended, or been called again
        free = free if loops else np.minimum(free, rounds.events)
    return Released(free.astype(np.int64), rounds.is_known)


def find_owner(frames: list[Running]) -> Running:
    """Return the function that lets go of the object: what runs inside it only makes the object."""
    for frame in reversed(frames):
        target = frame.place.target()
        if isinstance(target, ast.Attribute | ast.Subscript):
            continue  # of an object that the caller has
        flow = follow_value(frame.place.tree, frame.place.node)
        if not flow.escapes and not (flow.returned and _is_returned(frame, set(flow.names))):
            return frame
    return frames[0]


def _is_returned(frame: Running, names: set[str]) -> bool:
    """Tell whether a function returns an object itself, alone or with others: results of its methods are new ones."""
    scope, tree = frame.place.tree.scope(frame.place.node), frame.place.tree
    if isinstance(scope, ast.Lambda):
        return True
    results = [node.value for node in ast.walk(scope) if isinstance(node, ast.Return | ast.Yield) and node.value]
    while results:
        node = results.pop()
        match node:
            case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Dict(values=parts):
                results += parts
            case ast.IfExp(body=body, orelse=orelse):
                results += [body, orelse]
            case ast.Name(id=name) if name in names:
                return tree.scope(node) is scope
            case _ if node is frame.place.node:
                return True
    return False


def _next_rounds(case: Case, frames: list[Running], owner: Running, rows: Int64s) -> Released:
    """Return for each buffer the event at which the statement that made its object makes the next one."""
    lines, born = event_lines(case.index, owner.node), case.buffers.born[rows]
    same = case.buffers.born[case.buffers.node == case.buffers.node[rows[0]]]
    starts, is_known = same, True
    inside = frames[frames.index(owner) + 1 :]
    loops = [loop for frame in inside for loop in frame.place.tree.loops(frame.place.node)]
    own = owner.place.tree.loops(owner.place.node)
    if loops or any(isinstance(loop, ast.expr) for loop in own):  # an object has several buffers of this stack
        begins = arrivals(case.index, owner)
        last = len(same) - len(rows)
        # Where nothing else tells two objects apart, the last one does, if it is not garbage.
        starts, is_known = (begins, True) if len(begins) > 1 else (same[:: max(last, 1)], last > 0)
        if not (_first_from(starts, born + 1, len(lines)) < case.buffers.died[rows]).any():
            starts, is_known = same, False  # several objects lie between two of these
    return Released(_first_from(starts, born + 1, len(lines)), is_known)


def _is_at(lines: Int64s, statement: ast.stmt) -> Bools:
    found: Bools = (lines >= statement.lineno) & (lines <= (statement.end_lineno or statement.lineno))
    return found


def _next(marked: Bools, start: Int64s) -> Int64s:
    """Return for each event the first one from there on that is marked; the number of all events if none is."""
    return _first_from(np.flatnonzero(marked), start, len(marked))


def _first_from(events: Int64s, start: Int64s, none: int) -> Int64s:
    found: Int64s = np.append(events, none)[np.searchsorted(events, start)]
    return found


def _next_larger(starts: Int64s) -> Int64s:
    """Return for each start the next larger one of them; of the last one the largest integer."""
    each = np.unique(starts)
    found: Int64s = np.append(each, np.iinfo(np.int64).max)[np.searchsorted(each, starts, side="right")]
    return found


def _other_bindings(owner: Running, names: set[str]) -> Iterator[ast.stmt]:
    """Yield the statements that delete or rebind the variable of an object after the one that made it."""
    tree, scope = owner.place.tree, owner.place.tree.scope(owner.place.node)
    for node in ast.walk(scope):
        if not isinstance(node, ast.Name) or node.id not in names or isinstance(node.ctx, ast.Load):
            continue
        statement = tree.statement(node)
        if isinstance(statement, ast.Assign | ast.Delete) and statement.lineno > owner.statement.lineno:
            yield statement
