"""The same expression of the same operands, computed twice in one function while the first result is at hand.

Both results are equal arrays, and where they live at the same time one of them is not needed. The rule compares the
source: equal expressions of NumPy's functions, in the same function and loop, whose operands and first result are only
read between them. This is not a problem where the first result is gone before the second is computed; to keep it would
then cost memory instead of time, and the replay shows no saving.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from ndmem.advising.case import each_large
from ndmem.advising.edits.making import is_numpy, replace_expression
from ndmem.advising.replay import Change
from ndmem.advising.source.operations import OPERATORS
from ndmem.advising.source.reading import PURE, calls_methods_of_owner, is_only_read
from ndmem.advising.source.syntax import called_name, operands, text_of, uses
from ndmem.advising.suggestion import Suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.case import Case, Group
    from ndmem.model.advice.edit import Edit

CODE = "NM303"
NAME = "computed-twice"

_INDEX = ast.Slice | ast.Constant | ast.Tuple | ast.UnaryOp | ast.Name | ast.expr_context | ast.unaryop


def suggest(case: Case) -> Iterator[Suggestion]:
    """Suggest to keep the first result."""
    equal: dict[tuple[ast.AST, tuple[ast.AST, ...], str], list[Group]] = defaultdict(list)
    for group in each_large(case):
        node, tree = group.place.node, group.place.tree
        if _is_pure(node):
            equal[tree.scope(node), tuple(tree.loops(node)), ast.dump(node)].append(group)
    for groups in equal.values():
        first, *others = sorted(groups, key=lambda group: (group.site.lineno, group.site.col or 0))
        for again in others:
            if not _is_kept_as_it_was(first, again):
                continue
            dropped, change = _drop_second(first, again)
            if not dropped:
                continue
            yield Suggestion(
                site=again.site,
                expression=again.expression,
                message=f"`{again.expression}` was computed before, in line {first.site.lineno}, of the same operands",
                fix=_target(first),
                change=change,
                evidence={
                    "nbytes": int(again.buffers.nbytes.max()),
                    "count": dropped,
                    "first_line": first.site.lineno,
                },
                edit=_edit(first, again),
            )


def _edit(first: Group, again: Group) -> Edit | None:
    """Use the variable of the first result, if that is whole and no argument of an update in place."""
    name = _target(first)
    if name is None or not is_numpy(again):
        return None
    return replace_expression(again.place.tree, again.place.node, name, names=frozenset({name}))


def _is_pure(node: ast.expr) -> bool:  # noqa: PLR0911  # one case for each kind of expression
    """Tell whether an expression only reads, and gives the same again: NumPy's functions and operators."""
    match node:
        case ast.Name() | ast.Constant():
            return True
        case ast.Attribute(value=value):
            return _is_pure(value)
        case ast.BinOp(op=op):
            return type(op) in OPERATORS and all(map(_is_pure, operands(node)))
        case ast.UnaryOp(operand=operand):
            return _is_pure(operand)
        case ast.Subscript(value=value, slice=item):
            return _is_pure(value) and all(isinstance(part, _INDEX) for part in ast.walk(item))
        case ast.Call(func=ast.Attribute(), keywords=keywords):
            known = called_name(node) in PURE and not any(given.arg in {"out", None} for given in keywords)
            return known and all(map(_is_pure, operands(node)))
        case _:
            return False


def _is_kept_as_it_was(first: Group, again: Group) -> bool:
    """Tell whether operands and first result are only read in the function, so that they are the same both times."""
    tree, scope = first.place.tree, first.place.tree.scope(first.place.node)
    statement = first.place.statement
    if statement is None or tree.parents[statement] not in set(tree.enclosing(again.place.node)):
        return False  # the first may not have been run
    # Where no variable gets the second result, it is gone before a later statement can write either of them.
    until = again.site.end_lineno if again.temporary.all() else None
    for variable in _variables(first.place.node):
        name = text_of(variable)
        if calls_methods_of_owner(scope, variable) or not is_only_read(tree, scope, name, until=until):
            return False
        if _is_bound_between(first, again, name):
            return False
    if _is_rebound(first, again):
        return False
    results = {target for target in (_target(first), _target(again)) if target is not None}
    return all(is_only_read(tree, scope, name, until=until) for name in results)


def _is_rebound(first: Group, again: Group) -> bool:
    """Tell whether the variable of the first result gets another value, or is deleted, before the second one."""
    tree, name = first.place.tree, _target(first)
    if name is None:
        return False
    return any(
        not isinstance(use.ctx, ast.Load) and tree.statement(use) is not first.place.statement
        for use in uses(tree.scope(first.place.node), name)
        if first.site.lineno <= use.lineno < again.site.lineno
    )


def _variables(node: ast.expr) -> Iterator[ast.expr]:
    """Yield the variables and attributes that a pure expression reads, without the functions that it calls."""
    if isinstance(node, ast.Name | ast.Attribute):
        yield node
        return
    for part in operands(node):
        yield from _variables(part)


def _is_bound_between(first: Group, again: Group, name: str) -> bool:
    scope = first.place.tree.scope(first.place.node)
    return any(
        isinstance(node, ast.Name | ast.Attribute)
        and isinstance(node.ctx, ast.Store | ast.Del)
        and text_of(node) == name
        and first.site.lineno <= node.lineno <= again.site.end_lineno
        for node in ast.walk(scope)
    )


def _target(group: Group) -> str | None:
    target = group.place.target()
    return target.id if isinstance(target, ast.Name) else None


def _drop_second(first: Group, again: Group) -> tuple[int, Change]:
    """Return how many results are not computed again, and the change: the first one lives as long as the second did."""
    earlier, later = first.buffers, again.buffers
    place = np.searchsorted(earlier.born, later.born) - 1
    found = np.flatnonzero((place >= 0) & (earlier.nbytes[place] == later.nbytes))
    kept = [
        Change.add(start=int(earlier.died[source]), end=int(later.died[row]), nbytes=int(later.nbytes[row]))
        for row, source in zip(found.tolist(), place[found].tolist(), strict=True)
        if earlier.died[source] < later.died[row]
    ]
    return len(found), Change.all_of([Change.drop(later.at(found)), *kept])
