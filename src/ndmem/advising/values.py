"""What an expression referred to while the program ran: the buffers of a variable, through the calls it was passed in.

A variable is found by the holders that were seen, by the statement that assigned a new array to it, or, if it is a
parameter, by the argument that the caller's line passes; an attribute also by what its object was made with. What none
of them tells is unknown.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ndmem.advising.source.syntax import Scope, called_name, find_place, source_tree, text_of, uses
from ndmem.analysis.call_tree.frames import standing_nodes

from .fields import rows_of_field

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.source.syntax import SourceTree
    from ndmem.model.columns import Int64s
    from ndmem.model.holder import Holder
    from ndmem.model.site import Site

    from .case import Case, Group

Function = ast.FunctionDef | ast.AsyncFunctionDef

_MOST_CALLERS = 8
"""Callers that a parameter is followed through at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """A frame of the user's at a moment of the run, in which expressions have values.

    Attributes
    ----------
    case : Case
        The run.
    frame : int
        Node of the call tree: the line that was running.
    event : int
        Number of events until then.
    tree : SourceTree
        The file of the frame.
    scope : Module or FunctionDef or Lambda
        The function that was running.
    """

    case: Case
    frame: int
    event: int
    tree: SourceTree
    scope: Scope

    @property
    def site(self) -> Site:
        """The line that was running."""
        trace = self.case.index.trace
        return trace.sites[int(trace.tree.site[self.frame])]

    def caller(self) -> tuple[Moment, ast.Call] | None:
        """Return the user's frame that called this one, and its call; ``None`` if it is unknown."""
        trace = self.case.index.trace
        parent = int(trace.tree.parent[self.frame])
        place = find_place(self.case.index, trace.sites[int(trace.tree.site[parent])]) if parent >= 0 else None
        if place is None or not isinstance(place.node, ast.Call):
            return None
        scope = place.tree.scope(place.node)
        return replace(self, frame=parent, tree=place.tree, scope=scope), place.node


def moment_of(case: Case, group: Group, row: int = -1) -> Moment:
    """Return the frame in which an expression allocated one of its buffers; the last one if none is named."""
    standing = standing_nodes(case.index)
    frame = int(standing[group.buffers.node[row]])
    tree = group.place.tree
    return Moment(case, frame, int(group.buffers.born[row]), tree, tree.scope(group.place.node))


def rows_of(moment: Moment, node: ast.expr) -> Int64s:
    """Return the rows of the buffers that a variable or attribute has at a moment; empty if unknown."""
    case = moment.case
    for place, path in spellings(moment, node):
        function = place.site.function
        rows = case.bound_to(path, function, at=moment.event)
        if not len(rows) and (path.startswith("self.") or _is_global(place, path)):
            rows = case.bound_to(path, "<module>", at=moment.event)
        if len(rows):
            return rows
    return rows_of_field(case, moment.tree, node, moment.event)


def array_of(moment: Moment, node: ast.expr) -> Holder | None:
    """Return shape and dtype of the array that a variable or attribute has at a moment; ``None`` if unknown."""
    rows = rows_of(moment, node)
    return moment.case.array_of(int(rows[-1])) if len(rows) else None


def nbytes_of(moment: Moment, node: ast.expr) -> int | None:
    """Return the bytes of the newest buffer that a variable or attribute has at a moment; ``None`` if unknown."""
    rows = rows_of(moment, node)
    return int(moment.case.buffers.nbytes[rows[-1]]) if len(rows) else None


def spellings(moment: Moment, node: ast.expr) -> Iterator[tuple[Moment, str]]:
    """Yield how a variable is spelled in its own frame and, while it is a parameter, in the frames of the callers."""
    for _ in range(_MOST_CALLERS):
        root = root_name(node)
        if root is None:
            return
        yield moment, text_of(node)
        passed = argument(moment, root.id)
        if passed is None:
            return
        moment, value = passed
        node = _put_for_root(node, value)


def root_name(node: ast.expr) -> ast.Name | None:
    """Return the variable that a chain of attributes begins with: ``self`` of ``self.table.values``."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node if isinstance(node, ast.Name) else None


def _put_for_root(node: ast.expr, value: ast.expr) -> ast.expr:
    if isinstance(node, ast.Attribute):
        return ast.Attribute(_put_for_root(node.value, value), node.attr, ast.Load())
    return value


def argument(moment: Moment, name: str) -> tuple[Moment, ast.expr] | None:
    """Return what a caller passes for a parameter, and its frame; ``None`` if that is unknown or it was rebound."""
    function = moment.scope
    if not isinstance(function, Function) or _is_bound_before(moment, function, name):
        return None
    called = moment.caller()
    is_call = function.name == "__call__"  # spelled as a call of any expression
    if called is None or not (is_call or called_name(called[1]) in {function.name, *_classes_around(moment)}):
        return None
    frame, call = called
    parameters = [given.arg for given in (*function.args.posonlyargs, *function.args.args)]
    is_method = bool(parameters) and parameters[0] in {"self", "cls"}
    if is_method and name == parameters[0]:
        owner = call.func if is_call else getattr(call.func, "value", None)
        return None if owner is None else (frame, owner)
    for given in call.keywords:
        if given.arg == name:
            return frame, given.value
    if name not in parameters or any(isinstance(given, ast.Starred) for given in call.args):
        return None
    position = parameters.index(name) - is_method
    return (frame, call.args[position]) if position < len(call.args) else None


def _is_bound_before(moment: Moment, function: Function, name: str) -> bool:
    """Tell whether a parameter may have another value than the passed one: ``x = x.copy()`` still reads that one."""
    stores = [use for use in uses(function, name) if isinstance(use.ctx, ast.Store)]
    return any(store.lineno < moment.site.lineno or moment.tree.loops(store) for store in stores)


def _classes_around(moment: Moment) -> Iterator[str]:
    """Yield the name of the class whose ``__init__`` is running: its call is spelled as the class."""
    if isinstance(moment.scope, Function) and moment.scope.name == "__init__":
        for outer in moment.tree.enclosing(moment.scope):
            if isinstance(outer, ast.ClassDef):
                yield outer.name


def _is_global(moment: Moment, path: str) -> bool:
    name = path.split(".", 1)[0]
    function = moment.scope
    if isinstance(function, ast.Module):
        return False
    arguments = function.args
    parameters = {given.arg for given in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    return name not in parameters and not any(isinstance(use.ctx, ast.Store) for use in uses(function, name))


def assigned_values(moment: Moment, node: ast.expr) -> list[ast.expr] | None:
    """Return all expressions that are assigned to a variable or attribute in its file; ``None`` if not all are plain.

    A variable is looked for in its function, or in the module if the function never binds it; an attribute in the
    whole file.
    """
    path = text_of(node)
    is_attribute = isinstance(node, ast.Attribute)
    scope = moment.tree.root if is_attribute or _is_global(moment, path) else moment.scope
    found: list[ast.expr] = []
    for target in ast.walk(scope):
        if not isinstance(target, ast.Name | ast.Attribute) or not isinstance(target.ctx, ast.Store):
            continue
        if text_of(target) != path:
            continue
        match moment.tree.parents.get(target):
            case ast.Assign(value=value, targets=targets) if target in targets:
                found.append(value)
            case ast.AnnAssign(value=ast.expr() as value):
                found.append(value)
            case ast.AugAssign():  # in place: type and shape stay
                continue
            case _:
                return None
    return found


def function_named(moment: Moment, name: str) -> Function | None:
    """Return the one function of the file with a name; ``None`` if there are none or several."""
    tree = source_tree(moment.case.index, moment.site.filename)
    if tree is None:
        return None
    found = [node for node in ast.walk(tree.root) if isinstance(node, Function) and node.name == name]
    return found[0] if len(found) == 1 else None
