"""Where the value of an expression goes inside its function: variables, views, results, and what may keep it."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .keeping import Keeps, draws_on_figure, kept_by_call, kept_by_method, local_function, parameter_of
from .syntax import text_of, uses

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .syntax import Scope, SourceTree

_DEEPEST = 3
"""Calls of functions of the same file that are followed into each other."""

_PLAIN = frozenset({"shape", "size", "ndim", "nbytes", "dtype", "itemsize", "strides", "flags"})


@dataclass(slots=True)
class Flow:
    """Where a value goes.

    Attributes
    ----------
    names : dict
        Variables of the function that may hold it, a view of it or a container with it; for each whether it was taken
        from a call that may make something new.
    reads : list of ast.expr
        Where the value, or a view of it, is read, in no order.
    views : list of ast.Subscript
        Indexes that make a view of it, as far as the source tells.
    passed_views : list of ast.Subscript
        The same in the functions of the same file that it is passed to.
    returned : bool
        Whether the function may return it.
    escapes : bool
        Whether an attribute, a container of unknown owner or a call may keep it.
    """

    names: dict[str, bool] = field(default_factory=dict)
    reads: list[ast.expr] = field(default_factory=list)
    views: list[ast.Subscript] = field(default_factory=list)
    passed_views: list[ast.Subscript] = field(default_factory=list)
    returned: bool = False
    escapes: bool = False


def follow_name(tree: SourceTree, scope: Scope, name: str, *, apart: Iterable[str] = ()) -> Flow:
    """Follow the values of a variable of a function: see `Flow`.

    ``apart`` are variables that are known to hold other arrays: a call that may return what it was given did not.
    """
    walk = _Walk(tree, scope, frozenset(apart), 0)
    walk.enter(name, is_sure=True)
    return walk.finish()


def follow_value(tree: SourceTree, node: ast.expr, *, apart: Iterable[str] = ()) -> Flow:
    """Follow the value of an expression through its function: see `Flow`."""
    walk = _Walk(tree, tree.scope(node), frozenset(apart), 0)
    walk.climb(node, is_sure=True)
    return walk.finish()


class _Walk:
    def __init__(self, tree: SourceTree, scope: Scope, apart: frozenset[str], depth: int) -> None:
        self.tree, self.scope, self.apart, self.depth = tree, scope, apart, depth
        self.flow = Flow()
        self.waiting: list[str] = []

    def finish(self) -> Flow:
        while self.waiting:
            name = self.waiting.pop()
            for node in ast.walk(self.scope):
                if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load):
                    if self.tree.scope(node) is not self.scope:
                        self.flow.escapes |= not isinstance(self.scope, ast.Module)
                    self.flow.reads.append(node)
                    self.climb(node, is_sure=self.flow.names[name])
        return self.flow

    def enter(self, name: str, *, is_sure: bool) -> None:
        if not is_sure and name in self.apart:
            return
        if name not in self.flow.names:
            self.flow.names[name] = is_sure
            self.waiting.append(name)

    def climb(self, node: ast.expr, *, is_sure: bool) -> None:
        """Go from an expression to what uses its value, until nothing has it any more."""
        inner: ast.AST = node
        while (outer := self.tree.parents.get(inner)) is not None:
            if isinstance(outer, ast.stmt | ast.withitem):
                self._end(outer, inner, is_sure=is_sure)
                return
            if isinstance(outer, ast.comprehension):
                self._iterate(outer, inner, is_sure=is_sure)
                return
            step = self._step(outer, inner)
            if step is None:
                return
            inner, sure = step
            is_sure = is_sure and sure

    def _step(self, outer: ast.AST, inner: ast.AST) -> tuple[ast.AST, bool] | None:  # noqa: PLR0911  # one case each
        """Return the expression that has the value next, and whether it surely has; ``None`` if none has."""
        match outer:
            case ast.Attribute(attr=name):
                caller = self.tree.parents.get(outer)
                if isinstance(caller, ast.Call) and caller.func is outer:
                    return None if kept_by_method(name) is Keeps.NOTHING else (caller, True)
                return None if name in _PLAIN else (outer, True)
            case ast.Subscript(value=value, slice=item):
                if value is not inner or not isinstance(outer.ctx, ast.Load) or _is_copying(item):
                    return None
                self.flow.views.append(outer)
                return outer, True
            case ast.Call():
                return self._call(outer, inner)
            case ast.BinOp(left=left, right=right) if isinstance(left, ast.List) or isinstance(right, ast.List):
                return outer, True  # of lists: the sum holds the elements
            case ast.BinOp() | ast.UnaryOp() | ast.Compare() | ast.JoinedStr() | ast.FormattedValue() | ast.Slice():
                return None
            case ast.IfExp(test=test):
                return None if test is inner else (outer, True)
            case ast.NamedExpr(target=target):
                self.enter(target.id, is_sure=True)
                return outer, True
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                return outer, True
            case ast.Tuple() | ast.List() | ast.Set() | ast.Dict() | ast.BoolOp() | ast.Starred() | ast.keyword():
                return outer, True
            case _:
                self.flow.escapes = True
                return None

    def _call(self, call: ast.Call, inner: ast.AST) -> tuple[ast.AST, bool] | None:
        argument = inner.value if isinstance(inner, ast.keyword | ast.Starred) else inner
        assert isinstance(argument, ast.expr)
        function = local_function(self.tree, call)
        parameter = None if function is None else parameter_of(function, call, inner)
        if function is not None and parameter is not None and self.depth < _DEEPEST:
            walk = _Walk(self.tree, function, frozenset(), self.depth + 1)
            walk.enter(parameter, is_sure=True)
            flow = walk.finish()
            self.flow.escapes |= flow.escapes
            self.flow.passed_views += [*flow.views, *flow.passed_views]
            return (call, False) if flow.returned else None
        keeps = kept_by_call(call, argument)
        if keeps is Keeps.NOTHING:
            return None
        if draws_on_figure(self.tree, call):
            self.flow.escapes = True
            return None
        if keeps is not Keeps.RESULT:
            self._keep_in(call.func, is_sure=keeps is Keeps.RECEIVER)
            if keeps is Keeps.RECEIVER:
                return None
        return call, False

    def _keep_in(self, owner: ast.expr, *, is_sure: bool) -> None:
        """Note that a container, or an object, keeps the value."""
        while isinstance(owner, ast.Attribute | ast.Subscript):
            owner = owner.value
        name = owner.id if isinstance(owner, ast.Name) else ""
        if any(isinstance(use.ctx, ast.Store) for use in uses(self.scope, name)):
            self.enter(name, is_sure=is_sure)
        else:  # a parameter, an object of another scope; functions of modules keep nothing but in their results
            self.flow.escapes |= not _is_imported(self.tree, name)

    def _end(self, statement: ast.AST, inner: ast.AST, *, is_sure: bool) -> None:
        match statement:
            case ast.Assign(targets=targets):
                for target in targets:
                    self._store(target, is_sure=is_sure)
            case ast.AnnAssign(target=target) if statement.value is inner:
                self._store(target, is_sure=is_sure)
            case ast.For(target=target) | ast.AsyncFor(target=target) if statement.iter is inner:
                self._store(target, is_sure=is_sure)
            case ast.withitem(optional_vars=ast.expr() as target):
                self._store(target, is_sure=is_sure)
            case ast.Return():
                self.flow.returned = True
            case ast.AugAssign(target=target) if isinstance(inner, ast.List | ast.Tuple | ast.ListComp):
                self._store(target, is_sure=is_sure)
            case ast.AugAssign() | ast.Expr() | ast.Assert() | ast.If() | ast.While() | ast.Delete() | ast.withitem():
                # A generator is suspended with the value that it yields.
                self.flow.escapes |= isinstance(inner, ast.Yield | ast.YieldFrom)
            case _:
                self.flow.escapes = True

    def _store(self, target: ast.expr, *, is_sure: bool) -> None:
        match target:
            case ast.Name(id=name):
                self.enter(name, is_sure=is_sure)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                for part in parts:
                    self._store(part, is_sure=is_sure)
            case ast.Starred(value=value):
                self._store(value, is_sure=is_sure)
            case ast.Subscript(value=ast.Name(id=name)) if _is_array(self.scope, name):
                pass  # its elements are copied
            case ast.Subscript() | ast.Attribute():
                self._keep_in(target, is_sure=is_sure)

    def _iterate(self, part: ast.comprehension, inner: ast.AST, *, is_sure: bool) -> None:
        """Follow the variables of a comprehension over the value."""
        whole = self.tree.parents[part]
        names = {each.id for each in ast.walk(part.target) if isinstance(each, ast.Name)}
        for node in ast.walk(whole):
            if (
                isinstance(node, ast.Name)
                and node.id in names
                and isinstance(node.ctx, ast.Load)
                and part.iter is inner
            ):
                self.climb(node, is_sure=is_sure)


def _is_copying(item: ast.expr) -> bool:
    """Tell whether an index surely selects a copy: a mask, or a list of positions."""
    return any(isinstance(part, ast.Compare | ast.List | ast.ListComp) for part in ast.walk(item))


def _is_imported(tree: SourceTree, name: str) -> bool:
    imports = (node for node in ast.walk(tree.root) if isinstance(node, ast.Import | ast.ImportFrom))
    return any((each.asname or each.name.partition(".")[0]) == name for node in imports for each in node.names)


def _is_array(scope: Scope, name: str) -> bool:
    """Tell whether a variable is assigned new arrays alone, by the names of what makes them."""
    values = [
        node.value
        for node in ast.walk(scope)
        if isinstance(node, ast.Assign) and any(isinstance(each, ast.Name) and each.id == name for each in node.targets)
    ]
    return bool(values) and all(text_of(value).startswith(_ARRAYS) for value in values)


_ARRAYS = tuple(f"{module}.{name}" for module in ("np", "numpy") for name in ("empty", "zeros", "ones", "full"))
