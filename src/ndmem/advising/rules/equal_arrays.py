"""Many arrays with the same values: one for each entry of a list or a dict, where one would serve all.

Needs ``ndmem run --deep``, which compares the arrays that one expression allocated, byte by byte, when a function
returns whose variable alone has them, and at the end of the program. An axis, a grid, a mask or a table of weights that
does not depend on the entry can be made once, and each entry can refer to it. A saving is estimated, because later runs
may have other values. It is not a problem where the arrays are changed later, each in its own way.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import numpy as np

from ndmem.advising.case import each_large
from ndmem.advising.replay import Change
from ndmem.advising.source.flow import follow_value
from ndmem.advising.source.syntax import names_in, source_tree, text_of
from ndmem.advising.suggestion import Suggestion
from ndmem.model.advice.finding import Proof
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.case import Case, Group
    from ndmem.advising.source.syntax import SourceTree
    from ndmem.model.deep_facts import EqualArrays

CODE = "NM304"
NAME = "equal-arrays"

_NAME = re.compile(r"[^\W\d]\w*")
_WRITING = frozenset({
    "fill", "sort", "put", "partition", "itemset", "setfield", "copyto", "place", "putmask", "shuffle", "resize",
    "put_along_axis", "fill_diagonal",
})  # fmt: skip
"""Methods that write their array, and functions that write their first argument."""


def suggest(case: Case) -> Iterator[Suggestion]:
    """Suggest to make one array for all entries."""
    deep = case.index.trace.deep
    for seen in () if deep is None else deep.equal:
        for group in each_large(case):
            chosen = group.only(
                np.isin(group.buffers.node, seen.stacks) & ~group.temporary & (group.buffers.nbytes == seen.nbytes)
            )
            if len(chosen) < seen.count or len(chosen) < 2 or _may_be_written(case, chosen):
                continue
            yield _say(chosen, seen)


def _say(group: Group, seen: EqualArrays) -> Suggestion:
    buffers = group.buffers.at(np.arange(seen.distinct, seen.count))
    shape = " x ".join(map(str, seen.shape))
    what = "the same values" if seen.distinct == 1 else f"only {seen.distinct} different contents"
    return Suggestion(
        site=group.site,
        expression=group.expression,
        message=(
            f"{seen.count:,} arrays of `{group.expression}`, {shape} {seen.dtype} of {format_nbytes(seen.nbytes)} "
            f"each, had {what} when ndmem compared them: one of each serves all, if none is changed"
        ),
        fix=_once(group),
        change=Change.drop(buffers),
        evidence={
            "nbytes": seen.nbytes,
            "count": seen.count,
            "distinct": seen.distinct,
            "dtype": seen.dtype,
            "shape": list(seen.shape),
        },
        proof=Proof.ESTIMATED,
    )


def _once(group: Group) -> str | None:
    """Write the statement that makes the array before the loop, if its expression does not depend on the loop."""
    tree, node = group.place.tree, group.place.node
    loops = tree.loops(node)
    if not loops:
        return None
    bound = {each.id for loop in loops for each in ast.walk(loop) if isinstance(each, ast.Name) and _is_bound(each)}
    return None if names_in(node) & bound else f"shared = {text_of(node)}"


def _is_bound(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)


def _may_be_written(case: Case, group: Group) -> bool:
    """Tell whether a container of the arrays, or a variable that has one, is written anywhere in the program."""
    names = set(follow_value(group.place.tree, group.place.node).names)
    for row in group.rows.tolist():
        for holder in case.holders.get(int(case.buffers.buffer[row]), ()):
            names.update(_NAME.findall(holder.name))
    trees = [tree for name in case.index.trace.sources if (tree := source_tree(case.index, name)) is not None]
    names |= {each for tree in trees for each in _items_of(tree, names)}
    return any(name in names for tree in trees for name in _written(tree))


def _items_of(tree: SourceTree, names: set[str]) -> Iterator[str]:
    """Yield the variables that get the items of containers: of a loop over one, or of ``x = entries[0]``."""
    for node in ast.walk(tree.root):
        match node:
            case ast.For(target=target, iter=value) | ast.comprehension(target=target, iter=value):
                pass
            case ast.Assign(targets=[target], value=ast.Subscript() as value):
                pass
            case _:
                continue
        found = {each.attr for each in ast.walk(value) if isinstance(each, ast.Attribute)} | names_in(value)
        if found & names:
            yield from names_in(target)


def _written(tree: SourceTree) -> Iterator[str]:
    """Yield the names of arrays, and of containers, whose elements a file changes; new entries do not count."""
    for node in ast.walk(tree.root):
        match node:
            case ast.Subscript(value=ast.Subscript() as value, ctx=ast.Store()) | ast.AugAssign(target=value):
                yield from _names(value)
            case ast.Subscript(value=value, slice=item, ctx=ast.Store()) if _selects_many(item):
                yield from _names(value)
            case ast.keyword(arg="out", value=value):
                yield from _names(value)
            case ast.Call(func=ast.Attribute(value=value, attr=attr), args=args) if attr in _WRITING:
                yield from _names(value)
                yield from _names(args[0]) if args else ()


def _selects_many(item: ast.expr) -> bool:
    return isinstance(item, ast.Slice | ast.Tuple | ast.Compare) or (
        isinstance(item, ast.Constant) and item.value is Ellipsis
    )


def _names(node: ast.AST) -> set[str]:
    return names_in(node) | {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}
