"""Parts that are all kept until they are joined into one array.

``np.concatenate(parts)``, ``np.stack``, ``np.array(list)`` need all parts and the result at once: twice the bytes. If
the final shape is known, ``out = np.empty(shape)`` before the loop and ``out[i] = part`` in it need the result and
one part. It is not a problem if the parts are used again after they were joined, or if the shape cannot be known
before.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import numpy as np

from ndmem.advising.case import each_large
from ndmem.advising.execution import event_lines, function_name, running_at
from ndmem.advising.replay import Change
from ndmem.advising.source.flow import follow_name
from ndmem.advising.source.joining import joined_parts
from ndmem.advising.source.liveness import may_be_read_from
from ndmem.advising.source.syntax import called_name, source_tree, text_of, uses
from ndmem.advising.suggestion import Suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ndmem.advising.case import Case
    from ndmem.advising.execution import Running
    from ndmem.model.columns import Int64s

CODE = "NM502"
NAME = "parts-until-concatenate"

_LEAST_PARTS = 3
_MOST_OF = 0.8
"""The parts have at least this part of the bytes of the result; the rest may be below the threshold."""


def suggest(case: Case) -> Iterator[Suggestion]:
    """Suggest to fill the result part by part."""
    for group in each_large(case):
        parts = joined_parts(group.place.node)
        if parts is None:
            continue
        joins = [(row, _find_parts(case, row, parts)) for row in group.only(~group.temporary).rows.tolist()]
        found = [(row, rows) for row, rows in joins if _are_all(case, row, rows)]
        if not found or (isinstance(parts, ast.Attribute) and len(found) > 1):
            continue  # the same parts may be joined each time
        count = sum(len(rows) for _, rows in found)
        yield Suggestion(
            site=group.site,
            expression=group.expression,
            message=f"{count} parts are live until `{text_of(parts)}` is joined: the parts and the result at once",
            fix=None,
            change=Change.all_of(_fill(case, row, rows) for row, rows in found),
            evidence={"nbytes": int(group.buffers.nbytes.max()), "count": count, "parts": text_of(parts)},
        )


def _are_all(case: Case, row: int, parts: Int64s) -> bool:
    nbytes = case.buffers.nbytes[parts]
    whole = int(case.buffers.nbytes[row])
    return len(parts) >= _LEAST_PARTS and _MOST_OF * whole <= int(nbytes.sum()) <= whole * 1.01


def _fill(case: Case, row: int, parts: Int64s) -> Change:
    """Hold the result from the birth of the first part on, and each part until the next one."""
    result, buffers = case.buffers.at(np.array([row])), case.buffers.at(parts)
    born = int(result.born[0])
    early = Change.add(start=int(buffers.born[0]), end=born, nbytes=int(result.nbytes[0]))
    return Change.all_of([Change.free_early(buffers, np.append(buffers.born[1:], born)), early])


def _find_parts(case: Case, row: int, parts: ast.expr) -> Int64s:
    """Return the rows of the buffers that are joined into one, in order of birth; none if they are needed later."""
    frame, none = running_at(case.index, int(case.buffers.node[row]))[-1], np.empty(0, np.int64)
    alive = np.flatnonzero(case.alive_at(int(case.buffers.born[row])))
    match parts:
        case ast.ListComp() | ast.GeneratorExp() | ast.Call():
            return _born_in(case, frame, alive, [parts])
        case ast.Name(id=name) if _is_dropped(frame, name):
            items = [each for each in alive.tolist() if _is_item(case, each, name, frame)]
            found = np.array(items, np.int64)
            return found if _are_all(case, row, found) else _born_in(case, frame, alive, _feeding(frame, name))
        case ast.Attribute(attr=name) if _is_only_joined(case, name):
            return _find_items(case, alive, re.compile(rf"\.{name}\["))
        case _:
            return none


def _find_items(case: Case, alive: Int64s, kept: re.Pattern[str]) -> Int64s:
    """Return those of some buffers that were seen in a list, and those of the same lines that were not seen at all."""
    names = [{one.name for one in case.sightings(row) if one.name} for row in alive.tolist()]
    is_seen = np.array([any(map(kept.search, each)) for each in names], np.bool_)
    is_unseen = np.array([not each for each in names], np.bool_)
    is_like = is_unseen & np.isin(case.buffers.node[alive], case.buffers.node[alive[is_seen]])
    found: Int64s = alive[is_seen | (is_like & ~case.temporary[alive])]
    return found


def _is_only_joined(case: Case, name: str) -> bool:
    """Tell whether the program reads an attribute in one place, and elsewhere only adds to it."""
    reads = 0
    for filename in case.index.trace.sources:
        if (tree := source_tree(case.index, filename)) is None:
            continue
        for node in ast.walk(tree.root):
            if isinstance(node, ast.Attribute) and node.attr == name and isinstance(node.ctx, ast.Load):
                outer = tree.parents[node]
                is_added = isinstance(outer, ast.Attribute) and outer.attr in {"append", "extend"}
                reads += not is_added and called_name(outer) != "len"
    return reads == 1


def _is_dropped(frame: Running, name: str) -> bool:
    """Tell whether nothing reads the parts after they were joined, by any variable."""
    tree = frame.place.tree
    joined = {each.id for each in ast.walk(frame.statement) if isinstance(each, ast.Name) and each.id != name}
    flow = follow_name(tree, tree.scope(frame.place.node), name, apart=joined)
    if flow.escapes or flow.returned:
        return False
    reads = uses(frame.statement, name)
    return len(reads) == 1 and not any(may_be_read_from(tree, frame.statement, each) for each in flow.names)


def _is_item(case: Case, row: int, name: str, frame: Running) -> bool:
    holder = case.holder_at(row, int(case.buffers.died[row]))
    return holder is not None and holder.name.startswith(f"{name}[") and holder.function == function_name(frame)


def _feeding(frame: Running, name: str) -> list[ast.AST]:
    """Return the loops, or else the statements, that put parts into a list before they are joined."""
    tree = frame.place.tree
    around = {id(loop) for loop in tree.loops(frame.place.node)}
    found: list[ast.AST] = []
    for use in uses(tree.scope(frame.place.node), name):
        statement = tree.statement(use)
        if statement is not None and use.lineno < frame.statement.lineno:
            loops = [loop for loop in tree.loops(use) if id(loop) not in around]
            found.append(loops[-1] if loops else statement)
    return found


def _born_in(case: Case, frame: Running, alive: Int64s, nodes: Iterable[ast.AST]) -> Int64s:
    """Return those of some buffers that were allocated while the function ran one of some nodes."""
    lines = event_lines(case.index, frame.node)[case.buffers.born[alive]]
    inside = np.zeros(len(alive), np.bool_)
    for node in nodes:
        assert isinstance(node, ast.expr | ast.stmt)
        inside |= (lines >= node.lineno) & (lines <= (node.end_lineno or node.lineno))
    return alive[inside]
