"""A cache or a list that keeps every array and is never emptied.

``functools.cache``, and ``lru_cache`` without a bound or on a method, keep each result until the program ends; on a
method they keep each ``self`` as well. A list or dict of a module, a class or an object that code only adds to keeps
arrays that nothing reads; a list of which only the last element is read keeps all others, and a dict that is asked by
key alone is a cache. It is not a problem if the cache is bounded, if it is full before the program's work begins, or if
what the container holds is read.
"""

from __future__ import annotations

import ast
import enum
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeGuard

import numpy as np

from ndmem.advising.execution import next_rounds
from ndmem.advising.replay import Change
from ndmem.advising.source.syntax import called_name, keyword, site_of, source_tree, spelled_integer, text_of
from ndmem.advising.suggestion import Suggestion
from ndmem.analysis.call_tree.frames import standing_nodes
from ndmem.model.site import Site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.case import Case
    from ndmem.advising.source.syntax import SourceTree
    from ndmem.model.columns import Int64s

CODE = "NM602"
NAME = "cache-that-only-grows"

_LEAST_ENTRIES = 4
_FULL = 2
"""A cache is full if nothing was added for as many times the longest time between two entries."""

_CACHED = re.compile(r"(\w+) \(inside the _lru_cache_wrapper\)")
_CONTAINED = re.compile(r"^(?:[\w.]*\.)?([^\W\d]\w*)\[")
_ADDING = frozenset({"append", "appendleft", "add", "extend", "insert", "setdefault", "update"})


class _Read(enum.Enum):
    """What an expression reads of a container."""

    LENGTH = enum.auto()
    NEWEST = enum.auto()
    KEY = enum.auto()


@dataclass(frozen=True, slots=True)
class _Keeper:
    """What keeps arrays: the expression to change, what it is, and the code instead."""

    site: Site
    expression: str
    message: str
    fix: str | None
    reads: _Read | None = None


def suggest(case: Case) -> Iterator[Suggestion]:
    """Suggest to bound a cache, and not to keep what nothing reads."""
    trees = [(name, tree) for name in case.index.trace.sources if (tree := source_tree(case.index, name)) is not None]
    for pattern in (_CACHED, _CONTAINED):
        for name, rows in _kept_by(case, pattern).items():
            buffers = case.buffers.at(rows)
            if len(rows) < _LEAST_ENTRIES or int(buffers.nbytes.sum()) < case.least or not _only_grows(case, rows):
                continue
            is_cached = pattern is _CACHED
            keeper = _find_cache(trees, name) if is_cached else _find_container(case, trees, name, rows)
            if keeper is None:
                continue
            # Each one is in use until the next one begins to be computed; a cache has it until the next one is there.
            is_asked = keeper.reads is _Read.KEY
            following = np.append(buffers.born[1:] + int(is_asked), buffers.died[-1:])
            early = following if is_asked else np.minimum(following, next_rounds(case.index, buffers))
            yield Suggestion(
                site=keeper.site,
                expression=keeper.expression,
                message=keeper.message,
                fix=keeper.fix,
                change=Change.free_early(buffers, early),
                evidence={"nbytes": int(buffers.nbytes.sum()), "count": len(rows), "kept_by": name},
            )


def _kept_by(case: Case, pattern: re.Pattern[str]) -> dict[str, Int64s]:
    """Return the buffers that searches last saw in something, by the name of that, in order of birth."""
    found: dict[str, list[int]] = {}
    for row, number in enumerate(case.buffers.buffer.tolist()):
        seen = case.holders.get(number)
        match = pattern.search(seen[-1].name) if seen else None
        if match is not None:
            found.setdefault(match.group(1), []).append(row)
    return {name: np.array(rows, np.int64) for name, rows in found.items()}


def _only_grows(case: Case, rows: Int64s) -> bool:
    """Tell whether a container forgets nothing while it gets more: a bounded one drops the oldest for each new one."""
    born, died = case.buffers.born, case.buffers.died
    until = int(born[rows[-1]]) + 1
    oldest = int(born[rows[case.alive_at(until)[rows]]].min())
    sites = case.index.trace.tree.site[standing_nodes(case.index)[case.buffers.node]]
    forgotten = (sites == sites[rows[0]]) & (born < oldest) & (died > oldest) & (died < until)
    return not forgotten.any()


def _find_cache(trees: list[tuple[str, SourceTree]], name: str) -> _Keeper | None:
    """Find the decorator of a function whose results are kept without a bound, or with each object of its class."""
    for filename, tree in trees:
        for function in ast.walk(tree.root):
            if not isinstance(function, ast.FunctionDef) or function.name != name:
                continue
            is_method = isinstance(tree.parents.get(function), ast.ClassDef)
            for decorator in function.decorator_list:
                kind = called_name(decorator) or text_of(decorator).rpartition(".")[2]
                if kind not in {"cache", "lru_cache"} or not (is_method or _is_unbounded(decorator, kind)):
                    continue
                whose = "method" if is_method else "function"
                return _Keeper(
                    site_of(decorator, Site(filename, 0, 0, None, None, "<module>")),
                    text_of(decorator),
                    f"`{text_of(decorator)}` of the {whose} `{name}` keeps every result until the program ends",
                    "@lru_cache(maxsize=1)" if not is_method else None,
                )
    return None


def _is_unbounded(decorator: ast.expr, kind: str) -> bool:
    if kind == "cache":
        return True
    if not isinstance(decorator, ast.Call):
        return False
    bound = keyword(decorator, "maxsize") or next(iter(decorator.args), None)
    return isinstance(bound, ast.Constant) and bound.value is None


def _find_container(case: Case, trees: list[tuple[str, SourceTree]], name: str, rows: Int64s) -> _Keeper | None:
    """Find where a container gets its arrays, if the program reads none, or the newest alone, or asks by key."""
    writes: list[tuple[str, SourceTree, ast.expr]] = []
    reads: set[_Read] = set()
    for filename, tree in trees:
        for node in ast.walk(tree.root):
            if not _is_called(node, name) or isinstance(node.ctx, ast.Store):
                continue  # something else, or where it is made
            write = _write_to(tree, node)
            if write is not None:
                writes.append((filename, tree, write))
            elif (read := _read_of(tree, node)) is None:
                return None
            else:
                reads.add(read)
    reads.discard(_Read.LENGTH)
    if len(writes) != 1 or len(reads) > 1:
        return None
    filename, tree, write = writes[0]
    is_list = not isinstance(write, ast.Subscript)
    if reads and (is_list != (_Read.NEWEST in reads) or not (is_list or _grows_to_the_end(case, rows))):
        return None
    scope = tree.scope(write)
    function = scope.name if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef) else "<module>"
    told = {
        _Read.NEWEST: f"`{name}` keeps every array, and only the newest one is read",
        _Read.KEY: f"`{name}` is a cache without a bound: it keeps every array until the program ends",
    }
    return _Keeper(
        site_of(write, Site(filename, 0, 0, None, None, function)),
        text_of(write),
        next((told[read] for read in reads), f"`{name}` gets an array each time, and nothing reads it"),
        None,
        next(iter(reads), None),
    )


def _read_of(tree: SourceTree, node: ast.expr) -> _Read | None:
    """Return what an expression reads of a container; ``None`` if it may read all of it."""
    outer = tree.parents.get(node)
    match outer:
        case ast.Call(func=ast.Name(id="len" | "bool")) | ast.If() | ast.While() | ast.UnaryOp(op=ast.Not()):
            return _Read.LENGTH
        case ast.Subscript(value=value, slice=item, ctx=ast.Load()) if value is node:
            if spelled_integer(item) == -1:
                return _Read.NEWEST
            return None if isinstance(item, ast.Slice | ast.Constant | ast.UnaryOp) else _Read.KEY
        case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[owner]) if owner is node:
            return _Read.KEY
        case ast.Attribute(attr="get") if isinstance(tree.parents.get(outer), ast.Call):
            return _Read.KEY
        case _:
            return None


def _grows_to_the_end(case: Case, rows: Int64s) -> bool:
    """Tell whether a cache is not full yet when the program ends: no longer time passed than between two entries."""
    born = case.buffers.born[rows]
    gaps = np.diff(born)
    return len(case.index.trace.events) - int(born[-1]) <= _FULL * int(gaps.max(initial=0))


def _is_called(node: ast.AST, name: str) -> TypeGuard[ast.Name | ast.Attribute]:
    """Tell whether a node is a variable, or an attribute, of a name."""
    return (isinstance(node, ast.Name) and node.id == name) or (isinstance(node, ast.Attribute) and node.attr == name)


def _write_to(tree: SourceTree, node: ast.expr) -> ast.expr | None:
    """Return the expression that adds to a container; ``None`` if it does anything else with it."""
    outer = tree.parents.get(node)
    call = tree.parents.get(outer) if outer is not None else None
    match outer:
        case ast.Attribute(attr=attr) if attr in _ADDING and isinstance(call, ast.Call) and call.func is outer:
            return call if isinstance(tree.parents.get(call), ast.Expr) else None
        case ast.Subscript(ctx=ast.Store()) if outer.value is node:
            return outer
        case _:
            return None
