"""A copy that nothing needs: neither the copy nor its source is written while both exist.

``astype`` copies also where the type is the same, ``flatten`` and ``np.array`` always do. The rule follows both names
through the source of their function; a use that could write either of them, pass it on or keep it ends the search. It
reports only where all uses read, or where the program writes into no array that it did not make in the same function.
This is not a problem where one of the two is changed: the copy protects the other
one.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import numpy as np

from ndmem.advising.case import each_large
from ndmem.advising.dtypes import dtype_of, is_dtype, written_dtype
from ndmem.advising.edits.making import is_numpy, replace_expression
from ndmem.advising.replay import Change
from ndmem.advising.source.reading import calls_methods_of_owner, is_only_read, is_read
from ndmem.advising.source.syntax import called_name, is_module_call, keyword, source_tree, text_of, uses
from ndmem.advising.source.writing import is_updated, written_into
from ndmem.advising.suggestion import Suggestion
from ndmem.advising.values import moment_of, root_name, rows_of, spellings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.case import Case, Group
    from ndmem.advising.source.syntax import Place, SourceTree
    from ndmem.model.advice.edit import Edit

CODE = "NM301"
NAME = "needless-copy"


Pairs = np.ndarray[tuple[int, int], np.dtype[np.int64]]

_IDENTIFIER = re.compile(r"\w+")


def suggest(case: Case) -> Iterator[Suggestion]:
    """Suggest to use the source itself."""
    for group in each_large(case):
        call = group.place.node
        source = _copied(call)
        if source is None or not isinstance(call, ast.Call):
            continue
        pairs = _pair_with_source(case, group, source)
        if not len(pairs) or not _keeps_type(case, group, source):
            continue
        is_local = _is_never_written(group.place, source)
        if not is_local and not _writes_nothing(case, group, source, pairs):
            continue
        copies = case.buffers.at(pairs[:, 0])
        yield Suggestion(
            site=group.site,
            expression=group.expression,
            message=f"`{text_of(source)}` is copied, and neither it nor the copy is changed afterwards",
            fix=_write_without_copy(call, text_of(source)),
            change=Change.reuse(copies, case.buffers.at(pairs[:, 1])),
            evidence={"nbytes": int(copies.nbytes.max()), "count": len(pairs), "source": text_of(source)},
            edit=_edit(group, call, source) if is_local else None,
        )


def _edit(group: Group, call: ast.Call, source: ast.Name | ast.Attribute) -> Edit | None:
    """Leave out the copy, if no other function can write the source meanwhile."""
    tree, root = group.place.tree, root_name(source)
    scope = tree.scope(call)
    if root is None or not is_numpy(group) or isinstance(scope, ast.Lambda) or _tests_identity(tree):
        return None
    if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
        parameters = [*scope.args.posonlyargs, *scope.args.args, *scope.args.kwonlyargs]
        is_stored = any(isinstance(use.ctx, ast.Store) for use in uses(scope, root.id))
        if not is_stored and root.id not in {given.arg for given in parameters}:
            return None  # a variable of the module
    return replace_expression(tree, call, _write_without_copy(call, text_of(source)))


def _tests_identity(tree: SourceTree) -> bool:
    """Tell whether a file asks if two names are one object, or share memory: without the copy they do."""
    for node in ast.walk(tree.root):
        match node:
            case ast.Compare(ops=ops, comparators=others):
                if any(
                    isinstance(op, ast.Is | ast.IsNot) and not isinstance(other, ast.Constant)
                    for op, other in zip(ops, others, strict=True)
                ):
                    return True
            case ast.Call() if called_name(node) in {"id", "shares_memory", "may_share_memory", "getrefcount"}:
                return True
            case ast.Attribute(attr="base" | "flags" | "ctypes" | "__array_interface__"):
                return True
    return False


def _copied(node: ast.expr) -> ast.Name | ast.Attribute | None:
    """Return the variable that a call copies as a whole."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name() | ast.Attribute() as source, attr=name)) if name in {
            "copy",
            "flatten",
            "astype",
        } and not is_module_call(node):
            return source if keyword(node, "copy") is None else None
        case ast.Call(args=[ast.Name() | ast.Attribute() as source]) if (
            called_name(node) in {"array", "copy"} and is_module_call(node) and isinstance(node.func, ast.Attribute)
        ):
            return source if not {given.arg for given in node.keywords} - {"dtype"} else None
        case _:
            return None


def _pair_with_source(case: Case, group: Group, source: ast.expr) -> Pairs:
    """Return the rows of each copy and of its source, where they have equal sizes, shape (k, 2)."""
    buffers = case.buffers
    found = []
    for place, row in enumerate(group.rows.tolist()):
        sources = rows_of(moment_of(case, group, place), source)
        if len(sources) and buffers.nbytes[sources[-1]] == buffers.nbytes[row]:
            found.append((row, int(sources[-1])))
    return np.array(found, np.int64).reshape(-1, 2)


def _keeps_type(case: Case, group: Group, source: ast.expr) -> bool:
    call = group.place.node
    assert isinstance(call, ast.Call)
    given = keyword(call, "dtype")
    if given is None and called_name(call) == "astype":
        given = call.args[0] if call.args else None
        if given is None:
            return False
    if given is None:
        return True
    moment = moment_of(case, group)
    wanted = written_dtype(moment, given)
    return wanted is not None and is_dtype(dtype_of(moment, source), wanted)


def _is_never_written(place: Place, source: ast.Name | ast.Attribute) -> bool:
    tree, scope = place.tree, place.tree.scope(place.node)
    if calls_methods_of_owner(scope, source) or not is_only_read(tree, scope, text_of(source), but=place.node):
        return False
    match place.statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if value is place.node:
            return is_only_read(tree, scope, name, but=place.node)
        case ast.Assign() | ast.AnnAssign() | ast.AugAssign() | ast.Expr() | ast.If() | ast.Return() | ast.Assert():
            return is_read(tree, place.node)
        case _:
            return False


def _writes_nothing(case: Case, group: Group, source: ast.Name | ast.Attribute, pairs: Pairs) -> bool:
    """Tell whether no statement of the program writes into any array but those that its own function made.

    Nor into these, if they have a name of the source or of the copy: a function may fill an array, and pass it on.
    """
    trees = [tree for name in case.index.trace.sources if (tree := source_tree(case.index, name)) is not None]
    if next(written_into(trees), None) is not None:
        return False
    made = group.place.target()
    spelled = [path for _, path in spellings(moment_of(case, group), source)]
    seen = [holder.name for row in pairs.ravel().tolist() for holder in case.sightings(row)]
    names = {match[0] for path in [*spelled, *seen] if (match := _IDENTIFIER.match(path))}
    names |= {made.id} if isinstance(made, ast.Name) else set()
    return not any(is_updated(tree, name) for tree in trees for name in names)


def _write_without_copy(call: ast.Call, source: str) -> str:
    match called_name(call):
        case "astype":
            return f"{text_of(call)[:-1]}, copy=False)"
        case "flatten":
            return f"{source}.ravel({', '.join(map(text_of, call.args))})"
        case "array":
            return text_of(ast.Call(ast.parse("np.asarray", mode="eval").body, call.args, call.keywords))
        case _:
            return source
