"""A small view that keeps a large array alive.

A slice such as ``record[:50]`` is a view: as long as it lives, the whole array that it is a part of stays in memory,
also when no variable has that array any more. ``record[:50].copy()`` costs the bytes of the slice, and the large
array can go. It is not a problem if the array is needed elsewhere as well, or if several views together are most of
it.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ndmem.advising.case import each_large
from ndmem.advising.edits.making import replace_expression
from ndmem.advising.execution import event_lines, running_at
from ndmem.advising.forms import form_nbytes
from ndmem.advising.replay import Change
from ndmem.advising.source.flow import follow_value
from ndmem.advising.source.syntax import site_of, text_of
from ndmem.advising.suggestion import Suggestion
from ndmem.advising.viewing import indexed_share, pinning_view
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.case import Case, Group
    from ndmem.advising.execution import Running
    from ndmem.model.columns import Int64s

CODE = "NM601"
NAME = "small-view-pins-base"

_SMALL = 0.25
"""A view pins its base where it is at most this part of it."""


@dataclass(slots=True)
class _Pinned:
    """The buffers that the views made by one index keep alive, the bytes of each view, and when each could go."""

    frame: Running
    view: ast.Subscript
    rows: list[int] = field(default_factory=list)
    view_nbytes: list[int] = field(default_factory=list)
    free: list[int] = field(default_factory=list)


def suggest(case: Case) -> Iterator[Suggestion]:
    """Suggest to copy the small part."""
    found: dict[ast.Subscript, _Pinned] = {}
    for group in each_large(case):
        kept = group.only(~group.temporary)
        for node in np.unique(kept.buffers.node).tolist():
            _collect(case, kept.only(kept.buffers.node == node), node, found)
    for pinned in found.values():
        yield from _say(case, pinned)


def _collect(case: Case, group: Group, node: int, found: dict[ast.Subscript, _Pinned]) -> None:
    where = _find_view(running_at(case.index, node))
    if where is None:
        return
    frame, view = where
    free = _free_from(case, group, frame)
    for row, at in zip(group.rows.tolist(), free.tolist(), strict=True):
        nbytes = _view_nbytes(case, row, view)
        if nbytes is not None and nbytes <= _SMALL * int(case.buffers.nbytes[row]) and at < case.buffers.died[row]:
            pinned = found.setdefault(view, _Pinned(frame, view))
            pinned.rows.append(row)
            pinned.view_nbytes.append(nbytes)
            pinned.free.append(at)


def _find_view(frames: list[Running]) -> tuple[Running, ast.Subscript] | None:
    """Follow a new array out of its functions to the one index by which it lives on; ``None`` if there are others."""
    for frame in reversed(frames):
        tree = frame.place.tree
        flow = follow_value(tree, frame.place.node)
        views = [*flow.views, *flow.passed_views]
        inner = {id(view.value) for view in views}
        kept = [view for view in views if id(view) not in inner and _lives_on(frame, view)]
        if kept:
            around = {id(loop) for loop in tree.loops(frame.place.node)}
            is_one = len(kept) == 1 and all(id(loop) in around for loop in tree.loops(kept[0]))
            # A name that a view passed to a function gets there is gone when that function ends.
            return (frame, kept[0]) if is_one and (kept[0] in flow.views or _is_kept(frame, kept[0])) else None
        if not flow.returned:
            return None
    return None


def _lives_on(frame: Running, view: ast.Subscript) -> bool:
    flow = follow_value(frame.place.tree, view)
    return flow.returned or flow.escapes or bool(flow.names)


def _is_kept(frame: Running, view: ast.Subscript) -> bool:
    flow = follow_value(frame.place.tree, view)
    return flow.returned or flow.escapes


def _free_from(case: Case, group: Group, frame: Running) -> Int64s:
    """Return for each buffer the event before which its owner is released: its function ends, or gets the next one."""
    lines = event_lines(case.index, frame.node)
    events = len(lines)
    ended = np.append(np.flatnonzero(lines < 0), events)
    function_ends = ended[np.searchsorted(ended, group.buffers.born)]
    is_bound_anew = bool(frame.place.tree.loops(frame.place.node))
    following = np.append(group.buffers.born[1:] + int(is_bound_anew), events)
    statement_ends = np.full(len(group), events)
    if isinstance(frame.place.tree.parents[frame.place.node], ast.Subscript):
        statement_ends = group.buffers.born + 1  # no variable ever has the array
    elif isinstance(frame.place.tree.parents[frame.place.node], ast.Call | ast.keyword):
        # An argument: until the statement ends, which may be run again at once.
        following = np.append(group.buffers.born[1:], events)
    freed: Int64s = np.minimum(np.minimum(function_ends, following), statement_ends)
    return freed


def _view_nbytes(case: Case, row: int, view: ast.Subscript) -> int | None:
    """Return the bytes of the view that keeps a buffer; ``None`` if they are unknown, or an array owns the buffer."""
    seen = pinning_view(case, row)
    if seen is not None:
        return form_nbytes(seen)
    if case.buffers.freed[row] and (owner := case.array_of(row)) is not None:
        share = indexed_share(owner.shape, view.slice)
        return None if share is None else int(share * int(case.buffers.nbytes[row]))
    return None


def _say(case: Case, pinned: _Pinned) -> Iterator[Suggestion]:
    buffers = case.buffers.at(np.array(pinned.rows, np.int64))
    views = np.array(pinned.view_nbytes, np.int64)
    if int(buffers.nbytes.sum()) < case.least:
        return
    free = np.array(pinned.free, np.int64)
    largest = int(buffers.nbytes.argmax())
    text = text_of(pinned.view)
    size, whole = format_nbytes(int(views[largest])), format_nbytes(int(buffers.nbytes[largest]))
    function = pinned.frame.place.tree.scope(pinned.view)
    near = pinned.frame.site
    if isinstance(function, ast.FunctionDef):
        near = replace(near, function=function.name)
    yield Suggestion(
        site=site_of(pinned.view, near),
        expression=text,
        message=f"`{text}` is a view of {size} that keeps an array of {whole} in memory",
        fix=f"{text}.copy()",
        change=Change(np.maximum(free, buffers.born), buffers.died, buffers.nbytes - views, buffers.buffer, 0),
        evidence={
            "nbytes": int(buffers.nbytes.sum()),
            "view_nbytes": int(views.sum()),
            "count": len(views),
        },
        edit=replace_expression(pinned.frame.place.tree, pinned.view, f"{text}.copy()"),
    )
