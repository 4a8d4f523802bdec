"""Arrays that a cycle of references keeps until the garbage collector runs.

Objects that refer to each other, as a parent and its children, or to themselves, as by a bound method in an attribute,
are not freed when the last variable lets go of them: they stay until Python's garbage collector runs. It runs after so
many new objects, whatever these hold, so a few objects with large arrays can stay for long. A ``weakref`` for one of
the references, or ``None`` in its place when the object is done with, lets the arrays go at once. It is not a problem
where the collector runs soon enough, or where the cycle is in a library that frees it itself.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ndmem.advising.execution import running_at
from ndmem.advising.letting_go import let_go
from ndmem.advising.replay import Change
from ndmem.advising.source.cycles import class_around, closings_of_class, closings_of_function
from ndmem.advising.source.syntax import site_of, source_tree, text_of
from ndmem.advising.suggestion import Suggestion
from ndmem.model.advice.finding import Proof
from ndmem.model.holder import GARBAGE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.case import Case
    from ndmem.advising.execution import Running
    from ndmem.advising.source.cycles import Closing
    from ndmem.advising.source.syntax import SourceTree
    from ndmem.model.columns import Int64s
    from ndmem.model.site import Site

CODE = "NM606"
NAME = "reference-cycle"

_OF_PYTHON = frozenset({"cell", "frame", "function", "method", "traceback", "generator", "mappingproxy"})
"""Classes of what Python makes by itself."""

_CLASS = re.compile(r"(?:[\w<>]+\.)*(\w+) \(in a reference cycle\)")


@dataclass(slots=True)
class _Kept:
    """Buffers that a cycle keeps, when each would have been freed, and the classes of what kept them at the end."""

    site: Site
    closing: Closing | None
    rows: list[int] = field(default_factory=list)
    free: list[int] = field(default_factory=list)
    classes: set[str] = field(default_factory=set)
    is_known: bool = True


def suggest(case: Case) -> Iterator[Suggestion]:
    """Suggest to break the cycle."""
    kept, classes = _find_garbage(case)
    if int(case.buffers.nbytes[kept].sum()) < case.least:
        return
    found: dict[object, _Kept] = {}
    for node in np.unique(case.buffers.node[kept]).tolist():
        rows = kept[case.buffers.node[kept] == node]
        frames = running_at(case.index, node)
        if not frames:
            continue
        named = {classes[row] for row in rows.tolist() if row in classes}
        placed = _find_closing(case, frames, named)
        if placed is None:
            continue
        site, closing = placed
        entry = found.setdefault(closing.node if closing else site, _Kept(site, closing))
        entry.rows += rows.tolist()
        released = let_go(case, frames, rows)
        entry.free += released.events.tolist()
        entry.is_known &= released.is_known
        entry.classes |= named
    for entry in found.values():
        yield from _say(case, entry)


def _say(case: Case, entry: _Kept) -> Iterator[Suggestion]:
    buffers = case.buffers.at(np.array(entry.rows, np.int64))
    if int(buffers.nbytes.sum()) < case.least:
        return
    count = len(buffers)
    arrays = f"{count:,} arrays" if count > 1 else "an array"
    named = sorted(entry.classes - _OF_PYTHON)
    owners = " with " + ", ".join(f"`{name}`" for name in named) if named else ""
    why = f": {entry.closing.why}" if entry.closing else ""
    yield Suggestion(
        site=entry.site,
        expression=text_of(entry.closing.node).partition("\n")[0] if entry.closing else entry.site.function,
        message=f"a cycle of references{owners} kept {arrays} until the garbage collector ran or the run ended{why}",
        fix=entry.closing.fix if entry.closing else None,
        change=Change.free_early(buffers, np.array(entry.free, np.int64)),
        evidence={
            "nbytes": int(buffers.nbytes.sum()),
            "count": count,
            "collected": int(np.count_nonzero(buffers.freed)),
            "classes": named,
        },
        proof=Proof.VERIFIED if entry.is_known else Proof.ESTIMATED,
    )


def _find_garbage(case: Case) -> tuple[Int64s, dict[int, str]]:
    """Return the rows of the buffers that were garbage, and the class of what held each, where that is known."""
    seen = {each.buffer: each.name for each in case.index.trace.holders if each.function == GARBAGE}
    rows = np.flatnonzero(np.isin(case.buffers.buffer, list(seen))) if seen else np.empty(0, np.int64)
    matches = ((row, _CLASS.fullmatch(seen[int(case.buffers.buffer[row])])) for row in rows.tolist())
    return rows, {row: match.group(1) for row, match in matches if match is not None}


def _find_closing(case: Case, frames: list[Running], names: set[str]) -> tuple[Site, Closing | None] | None:
    """Find the statement of the user's that closes the cycle; ``None`` if the user's code makes none."""
    for frame in reversed(frames):
        tree = frame.place.tree
        kind = class_around(tree, frame.place.node)
        found = closings_of_class(tree, kind) if kind is not None else []
        found = found or closings_of_function(tree, tree.scope(frame.place.node))
        if found:
            return site_of(found[0].node, _in_function(tree, found[0], frame.site)), found[0]
    for filename in case.index.trace.sources:
        whole = source_tree(case.index, filename)
        for node in ast.walk(whole.root) if whole is not None else ():
            if whole is None or not isinstance(node, ast.ClassDef) or node.name not in names:
                continue
            found = closings_of_class(whole, node)
            if found:
                near = _in_function(whole, found[0], frames[-1].site, filename)
                return site_of(found[0].node, near), found[0]
            return frames[-1].site, None
    return None


def _in_function(tree: SourceTree, closing: Closing, near: Site, filename: str = "") -> Site:
    scope = tree.scope(closing.node)
    name = scope.name if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef) else "<module>"
    return replace(near, filename=filename or near.filename, function=name)
