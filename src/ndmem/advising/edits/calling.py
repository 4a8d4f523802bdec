"""Whether a function gets large arrays from all of its callers: code that computes in place fails for numbers."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ndmem.advising.execution import running_at
from ndmem.advising.source.syntax import called_name, source_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.case import Case, Group
    from ndmem.advising.source.syntax import SourceTree


def gets_only_arrays(case: Case, group: Group) -> bool:
    """Tell whether every call of the function around an expression was seen to make a large array there.

    The tracker does not see the calls that got a number. So each call in the source must be one that allocated, and
    nothing may call the function under another name.
    """
    scope = group.place.tree.scope(group.place.node)
    if isinstance(scope, ast.Module):
        return True
    if isinstance(scope, ast.Lambda):
        return False
    seen: set[ast.AST] = set()
    for node in set(group.buffers.node.tolist()):
        frames = running_at(case.index, node)
        own = next((at for at, frame in enumerate(frames) if _is_in(frame.place.tree, frame.place.node, scope)), 0)
        if not own:
            return False
        seen.add(frames[own - 1].place.node)
    trees = [tree for name in case.index.trace.sources if (tree := source_tree(case.index, name)) is not None]
    uses = [(tree, use) for tree in trees for use in _uses(tree, scope.name)]
    return all(isinstance(call := tree.parents.get(use), ast.Call) and call.func is use for tree, use in uses) and all(
        tree.parents[use] in seen and not _may_get_number(tree, tree.parents[use]) for tree, use in uses
    )


def _is_in(tree: SourceTree, node: ast.AST, scope: ast.AST) -> bool:
    return tree.scope(node) is scope


def _uses(tree: SourceTree, name: str) -> Iterator[ast.expr]:
    """Yield where a file reads a function, or a method, by its name."""
    for node in ast.walk(tree.root):
        match node:
            case ast.Name(id=found, ctx=ast.Load()) | ast.Attribute(attr=found, ctx=ast.Load()) if found == name:
                yield node


def _may_get_number(tree: SourceTree, call: ast.AST) -> bool:
    """Tell whether an argument is the variable of a loop over written values, one of which is a number."""
    assert isinstance(call, ast.Call)
    names = {each.id for each in ast.walk(call) if isinstance(each, ast.Name)}
    for loop in tree.loops(call):
        for part in [loop] if isinstance(loop, ast.For) else getattr(loop, "generators", []):
            bound = {each.id for each in ast.walk(part.target) if isinstance(each, ast.Name)}
            written = isinstance(part.iter, ast.Tuple | ast.List) or called_name(part.iter) in {"zip", "enumerate"}
            numbers = any(isinstance(each, ast.Constant) and _is_number(each.value) for each in ast.walk(part.iter))
            if names & bound and written and numbers:
                return True
    return False


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | complex)
