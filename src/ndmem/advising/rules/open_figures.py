"""Figures of matplotlib that are never closed: ``pyplot`` keeps each one, and what is drawn on it, until the end.

A variable that gets the next figure does not close the last one. ``plt.close(fig)`` after ``savefig`` lets it go; its
objects refer to each other, so Python's garbage collector frees it later. One figure for all, with ``ax.clear()`` in
each round, is freed at once. The saving is estimated for this reason. It is not a problem where figures are shown, are
few, or are collected on purpose.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ndmem.advising.case import each_large
from ndmem.advising.execution import event_lines, running_at
from ndmem.advising.replay import Change
from ndmem.advising.source.keeping import draws_on_figure
from ndmem.advising.source.syntax import called_name, names_in, site_of, source_tree, text_of
from ndmem.advising.suggestion import Suggestion
from ndmem.model.advice.finding import Proof
from ndmem.model.holder import GARBAGE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.case import Case, Group
    from ndmem.advising.execution import Running
    from ndmem.advising.source.syntax import SourceTree
    from ndmem.model.columns import Int64s

CODE = "NM607"
NAME = "open-figures"

_FEWEST = 4
"""Figures that are open at the same time, at least: a few are shown or compared."""

_NEW = frozenset({"figure", "subplots", "subplot_mosaic"})
_ENDING = frozenset({"close", "show", "clf", "cla", "clear", "switch_backend", "draw", "pause"})
"""Functions and methods that close a figure, empty it, or show it."""

_KEEPING = frozenset({"append", "add", "insert", "setdefault", "update", "extend"})


@dataclass(frozen=True, slots=True, eq=False)
class _Made:
    """Where a program makes a figure, and the variables that have it."""

    tree: SourceTree
    call: ast.Call
    names: frozenset[str]


def suggest(case: Case) -> Iterator[Suggestion]:
    """Suggest to close each figure."""
    trees = [tree for name in case.index.trace.sources if (tree := source_tree(case.index, name)) is not None]
    if any(_ends_figures(tree) for tree in trees):
        return
    for made in (made for tree in trees for made in _find_made(tree)):
        kept = [part for group in each_large(case) for part in _kept(case, group, made)]
        rounds = max((len(np.unique(ends)) for _, _, ends in kept), default=0) + 1
        if rounds < _FEWEST:
            continue
        frame = kept[0][0]
        buffers = case.buffers.at(np.concatenate([rows for _, rows, _ in kept]))
        ends = np.concatenate([ends for _, _, ends in kept])
        name = sorted(made.names)[0] if made.names else ""
        yield Suggestion(
            site=site_of(made.call, frame.site),
            expression=text_of(made.call),
            message=(
                f"{rounds:,} figures of `{text_of(made.call)}` were never closed, and pyplot keeps each with what is "
                "drawn on it"
            ),
            fix=f"plt.close({name})",
            change=Change.free_early(buffers, ends),
            evidence={"nbytes": int(buffers.nbytes.sum()), "count": len(buffers), "figures": rounds},
            proof=Proof.ESTIMATED,
        )


def _ends_figures(tree: SourceTree) -> bool:
    """Tell whether a file closes, empties or shows a figure anywhere."""
    calls = (node for node in ast.walk(tree.root) if isinstance(node, ast.Call) and called_name(node) in _ENDING)
    return any(draws_on_figure(tree, call) for call in calls)


def _find_made(tree: SourceTree) -> Iterator[_Made]:
    for node in ast.walk(tree.root):
        if not isinstance(node, ast.Call) or called_name(node) not in _NEW or not draws_on_figure(tree, node):
            continue
        statement = tree.statement(node)
        names: set[str] = set()
        match statement:
            case ast.Assign(targets=[ast.Tuple(elts=[ast.Name(id=name), *_])], value=value) if value is node:
                names = {name}
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if value is node:
                names = {name} if called_name(node) == "figure" else set()
            case ast.Expr():
                pass
            case _:
                continue
        if not any(_keeps(tree, use, names) for use in ast.walk(tree.scope(node))):
            yield _Made(tree, node, frozenset(names))


def _keeps(tree: SourceTree, node: ast.AST, names: set[str]) -> bool:
    """Tell whether a node puts a figure where the program finds it again."""
    match node:
        case ast.Call(func=ast.Attribute(attr=attr), args=args) if attr in _KEEPING:
            return any(names & names_in(each) for each in args)
        case ast.Assign(targets=targets, value=value) if not all(isinstance(each, ast.Name) for each in targets):
            return isinstance(value, ast.Name | ast.Tuple) and bool(names & names_in(value))
        case ast.Return(value=ast.expr() as value) | ast.Yield(value=ast.expr() as value):
            return bool(names & names_in(value))
        case _:
            return False


def _kept(case: Case, group: Group, made: _Made) -> Iterator[tuple[Running, Int64s, Int64s]]:
    """Yield the buffers of a group that outlive the round of their figure, and when that round had ended."""
    for node in np.unique(group.buffers.node).tolist():
        frame = next((each for each in reversed(running_at(case.index, node)) if _is_beside(each, made)), None)
        if frame is None:
            continue
        chosen = group.only(group.buffers.node == node)
        is_drawn = isinstance(frame.place.node, ast.Call) and draws_on_figure(made.tree, frame.place.node)
        garbage = [any(each.function == GARBAGE for each in case.sightings(int(row))) for row in chosen.rows]
        chosen = chosen.only(~chosen.temporary & (np.array(garbage, np.bool_) | is_drawn))
        ends = _round_ends(case, frame, made, chosen.buffers.born)
        outlives = ends < chosen.buffers.died
        if outlives.any():
            yield frame, chosen.rows[outlives], ends[outlives]


def _round_ends(case: Case, frame: Running, made: _Made, born: Int64s) -> Int64s:
    """Return for each event the next one at which the function is back before the figure's statement, or has ended."""
    is_drawing = event_lines(case.index, frame.node) > (made.call.end_lineno or made.call.lineno)
    drawing, over = np.flatnonzero(is_drawing), np.flatnonzero(~is_drawing)
    events = len(is_drawing)
    after = np.append(drawing, events)[np.searchsorted(drawing, born)]
    ends: Int64s = np.append(over, events)[np.searchsorted(over, after)]
    return ends


def _is_beside(frame: Running, made: _Made) -> bool:
    """Tell whether a function was at a statement that runs once for each figure."""
    tree = made.tree
    return (
        frame.place.tree is tree
        and tree.scope(frame.place.node) is tree.scope(made.call)
        and [id(loop) for loop in tree.loops(frame.place.node)] == [id(loop) for loop in tree.loops(made.call)]
    )
