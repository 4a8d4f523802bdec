"""A stored exception that keeps the arrays of the functions that failed.

An exception has its traceback, the traceback has the frames of all functions that it passed through, and each frame has
its variables. A list of errors for a report at the end therefore keeps every array of every call that failed.
``error.with_traceback(None)`` drops the frames and keeps type and message. This is not a problem where the traceback is
printed or raised again later.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ndmem.advising.edits.making import replace_expression
from ndmem.advising.execution import event_lines, next_rounds, running_at
from ndmem.advising.replay import Change
from ndmem.advising.source.syntax import called_name, site_of, source_tree, text_of
from ndmem.advising.suggestion import Suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.case import Case
    from ndmem.advising.execution import Running
    from ndmem.advising.source.syntax import SourceTree
    from ndmem.model.advice.edit import Edit
    from ndmem.model.columns import Int64s
    from ndmem.model.site import Site

CODE = "NM604"
NAME = "stored-exception"

_BY_TRACEBACK = re.compile(r"\.__traceback__\b")
_READING = frozenset({
    "print_exception", "format_exception", "print_tb", "format_tb", "extract_tb", "walk_tb", "TracebackException",
    "from_exception", "ExceptionGroup", "BaseExceptionGroup", "set_exception",
})  # fmt: skip
"""Functions that show the traceback of an exception that they are given, or pass it on."""

_SHOWING = frozenset({"exception", "print_exc", "format_exc", "exc_info", "print_last", "current_exceptions"})
"""Functions that show or return the exception that is being handled."""

_ADDING = frozenset({"append", "appendleft", "add", "put", "setdefault", "insert"})


@dataclass(slots=True)
class _Stored:
    """Where an exception is stored, and the buffers that its frames keep."""

    tree: SourceTree
    site: Site
    statement: ast.stmt
    error: ast.Name
    functions: set[str] = field(default_factory=set)
    rows: list[int] = field(default_factory=list)
    free: list[int] = field(default_factory=list)


def suggest(case: Case) -> Iterator[Suggestion]:
    """Suggest to store the exception without its traceback."""
    trees = (source_tree(case.index, name) for name in case.index.trace.sources)
    if any(tree is not None and _needs_tracebacks(tree) for tree in trees):
        return
    kept = [row for row, number in enumerate(case.buffers.buffer.tolist()) if _is_kept(case, number)]
    rows = np.array(kept, np.int64)
    found: dict[ast.Name, _Stored] = {}
    for node in np.unique(case.buffers.node[rows]).tolist():
        _collect(case, node, rows[case.buffers.node[rows] == node], found)
    for stored in found.values():
        buffers = case.buffers.at(np.array(stored.rows, np.int64))
        if int(buffers.nbytes.sum()) < case.least:
            continue
        functions = ", ".join(f"`{name}`" for name in sorted(stored.functions)) or "the functions that failed"
        yield Suggestion(
            site=stored.site,
            expression=text_of(stored.error),
            message=f"the traceback of the stored `{stored.error.id}` keeps the variables of {functions}",
            fix=_write(stored),
            change=Change.free_early(buffers, np.array(stored.free, np.int64)),
            evidence={
                "nbytes": int(buffers.nbytes.sum()),
                "count": len(buffers),
                "functions": sorted(stored.functions),
            },
            edit=_edit(stored),
        )


def _needs_tracebacks(tree: SourceTree) -> bool:
    """Tell whether a file prints tracebacks, or raises an exception that it got from somewhere."""
    for node in ast.walk(tree.root):
        if called_name(node) in _READING or (isinstance(node, ast.Attribute) and node.attr == "__traceback__"):
            return True
        match node:
            case ast.Raise(exc=ast.Subscript()):
                return True
            case ast.Raise(exc=ast.Name(id=name)) if name[:1].islower():
                caught = {outer.name for outer in tree.enclosing(node) if isinstance(outer, ast.ExceptHandler)}
                if name not in caught:
                    return True
    return False


def _is_kept(case: Case, number: int) -> bool:
    """Tell whether the last search that found a buffer saw it in the frame of a traceback."""
    seen = case.holders.get(number)
    return seen is not None and _BY_TRACEBACK.search(seen[-1].name) is not None


def _collect(case: Case, node: int, rows: Int64s, found: dict[ast.Name, _Stored]) -> None:
    frames = running_at(case.index, node)
    for outer, callee in zip(frames[-2::-1], frames[:0:-1], strict=True):
        error = _stored_error(outer)
        if error is not None:
            _add(found, outer, error, rows, _ends(case, callee, rows)).functions.add(callee.site.function)
            return
    # Else an argument of a function that failed: allocated before the `try`, released when its variable is bound anew.
    for outer in reversed(frames):
        scope = outer.place.tree.scope(outer.place.node)
        handlers = [each for each in ast.walk(scope) if isinstance(each, ast.ExceptHandler)]
        errors = [error for handler in handlers for error in _stores(outer.place.tree, handler)]
        if len(errors) == 1:
            _add(found, outer, errors[0], rows, _rebound(case, node, rows))
            return


def _add(found: dict[ast.Name, _Stored], frame: Running, error: ast.Name, rows: Int64s, free: Int64s) -> _Stored:
    statement = frame.place.tree.statement(error)
    assert statement is not None
    stored = found.setdefault(error, _Stored(frame.place.tree, site_of(error, frame.site), statement, error))
    stored.rows += rows.tolist()
    stored.free += free.tolist()
    return stored


def _rebound(case: Case, node: int, rows: Int64s) -> Int64s:
    """Return for each buffer the event after which the next buffer of its stack is there."""
    born = np.sort(case.buffers.born[case.buffers.node == node])
    place = np.searchsorted(born, case.buffers.born[rows], side="right")
    following: Int64s = np.append(born + 1, len(case.index.trace.events))[place]
    return following


def _ends(case: Case, callee: Running, rows: Int64s) -> Int64s:
    """Return for each buffer the event at which the function that failed has ended, as far as events tell."""
    lines, buffers = event_lines(case.index, callee.node), case.buffers.at(rows)
    ended = np.append(np.flatnonzero(lines < 0), len(lines))
    place = np.searchsorted(ended, buffers.born)
    ends: Int64s = np.minimum(ended[np.minimum(place, len(ended) - 1)], next_rounds(case.index, buffers))
    return ends


def _stored_error(frame: Running) -> ast.Name | None:
    """Return where the exception is stored that a call in a ``try`` raises; ``None`` if it is not, or not once."""
    tree, inner = frame.place.tree, frame.place.node
    found: list[ast.Name] = []
    below: ast.AST = inner
    for outer in tree.enclosing(inner):
        if isinstance(outer, ast.Try) and below in outer.body:
            for handler in outer.handlers:
                found += _stores(tree, handler)
            break
        below = outer
    return found[0] if len(found) == 1 else None


def _stores(tree: SourceTree, handler: ast.ExceptHandler) -> Iterator[ast.Name]:
    """Yield the uses of a handler's exception that store the exception itself."""
    for node in ast.walk(handler):
        if not isinstance(node, ast.Name) or node.id != handler.name or not isinstance(node.ctx, ast.Load):
            continue
        value: ast.AST = node
        outer = tree.parents.get(value)
        while isinstance(outer, ast.Tuple | ast.List | ast.Dict):
            value, outer = outer, tree.parents.get(outer)
        match outer:
            case ast.Call(func=ast.Attribute(attr=attr), args=args) if attr in _ADDING and value in args:
                yield node
            case ast.Assign(targets=targets, value=given) if given is value and not _is_local(targets):
                yield node


def _is_local(targets: list[ast.expr]) -> bool:
    return all(isinstance(target, ast.Name) for target in targets)


def _edit(stored: _Stored) -> Edit | None:
    """Drop the traceback where it is stored, if nothing asks for that of the exception being handled."""
    tree = stored.tree
    for node in ast.walk(tree.root):
        match node:
            case ast.Raise(exc=None) | ast.keyword(arg="exc_info"):
                return None
            case ast.Call() if called_name(node) in _SHOWING:
                return None
    return replace_expression(tree, stored.error, f"{stored.error.id}.with_traceback(None)")


def _write(stored: _Stored) -> str:
    """Write the statement with the exception freed from its traceback."""
    before = ast.parse(text_of(stored.statement)).body[0]
    place = [each for each in ast.walk(stored.statement) if isinstance(each, ast.Name)].index(stored.error)
    name = [each for each in ast.walk(before) if isinstance(each, ast.Name)][place]
    name.id = f"{name.id}.with_traceback(None)"
    return text_of(before)
