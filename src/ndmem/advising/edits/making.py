"""Make edits: refuse those whose text needs a name that the program lacks, or that may not be of NumPy's arrays."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING

from ndmem.advising.source.reading import PURE
from ndmem.advising.source.syntax import called_name, is_module_call, names_in, text_of
from ndmem.model.advice.edit import Edit, EditKind

from .applying import span_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.case import Group
    from ndmem.advising.source.syntax import SourceTree

_OTHER_ARRAYS = frozenset({
    "astropy", "cudf", "cupy", "dask", "geopandas", "jax", "modin", "pandas", "pint", "polars", "tensorflow", "torch",
    "xarray",
})  # fmt: skip
"""Libraries with arrays of their own, for which NumPy's functions and updates in place have other effects."""

_BUILTINS = frozenset({"abs", "bool", "complex", "float", "int", "len", "max", "min", "pow", "range", "round", "sum"})
"""Functions that change nothing."""


_OPEN = frozenset({"eval", "exec", "globals", "locals", "vars"})
"""Functions that can use any variable, and are not seen to do so."""


def replace_expression(
    tree: SourceTree, node: ast.expr, text: str | None, *, names: frozenset[str] = frozenset(), is_exact: bool = True
) -> Edit | None:
    """Make an edit that replaces an expression.

    Parameters
    ----------
    tree : SourceTree
        The file.
    node : ast.expr
        The expression.
    text : str or None
        What to write instead; without it there is no edit.
    names : set of str
        Variables that the caller knows to be bound there.
    is_exact : bool
        Whether the result is the same to the last digit.
    """
    if text is None or not _is_bound(tree, node, text, names):
        return None
    return Edit(EditKind.EXPRESSION, span_of(node), text, is_exact)


def replace_statement(tree: SourceTree, node: ast.stmt, code: str) -> Edit | None:
    """Make an edit that replaces a simple statement by others, one a line."""
    text = "\n".join(map(text_of, ast.parse(code).body))
    return Edit(EditKind.STATEMENT, span_of(node), text) if _is_bound(tree, node, text, frozenset()) else None


def insert_after(node: ast.stmt, text: str) -> Edit:
    """Make an edit that inserts a statement after another one."""
    return Edit(EditKind.AFTER, span_of(node), text)


def is_numpy(group: Group) -> bool:
    """Tell whether an expression is computed by NumPy on NumPy's own arrays, as far as run and source tell.

    The buffers of operators and functions in C have the user's line as their innermost frame. Data frames, masked
    arrays and the like allocate in Python code of their library; so do some functions of NumPy.
    """
    if group.direct.all():
        return True
    node = group.place.node
    is_known = isinstance(node, ast.Call) and (is_module_call(node) or called_name(node) in PURE)
    return is_known and not has_other_arrays(group.place.tree)


def has_other_arrays(tree: SourceTree) -> bool:
    """Tell whether a file imports a library with arrays of its own, or NumPy's masked arrays and matrices."""
    for node in ast.walk(tree.root):
        match node:
            case ast.Import(names=names):
                modules = [alias.name for alias in names]
            case ast.ImportFrom(module=str() as module):
                modules = [module]
            case ast.Attribute(value=ast.Name(id="np" | "numpy"), attr="ma" | "matrix" | "asmatrix"):
                return True
            case _:
                continue
        if any(module.split(".")[0] in _OTHER_ARRAYS or module == "numpy.ma" for module in modules):
            return True
    return False


def is_quiet(node: ast.AST) -> bool:
    """Tell whether evaluating an expression changes nothing, as operators, functions of NumPy and reading methods."""
    return all(_is_quiet_call(inner) for inner in ast.walk(node) if isinstance(inner, ast.Call)) and not any(
        isinstance(inner, ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr) for inner in ast.walk(node)
    )


def _is_quiet_call(call: ast.Call) -> bool:
    value = call.func
    if any(given.arg == "out" for given in call.keywords) or "random" in text_of(value):
        return False
    if isinstance(value, ast.Name):
        return value.id in _BUILTINS
    while isinstance(value, ast.Attribute):
        value = value.value
    of_numpy = isinstance(value, ast.Name) and value.id in {"np", "numpy"}
    return of_numpy or (isinstance(call.func, ast.Attribute) and call.func.attr in PURE)


def _is_bound(tree: SourceTree, node: ast.AST, text: str, names: frozenset[str]) -> bool:
    """Tell whether the names of a text mean what they shall: those of the node, NumPy's, and builtin functions."""
    if any(isinstance(each, ast.Name) and each.id in _OPEN for each in ast.walk(tree.root)):
        return False
    new = ast.parse(text)
    old = names_in(node)
    stored = {each.id for each in ast.walk(new) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
    is_in_class = isinstance(next(_scopes(tree, node), None), ast.ClassDef)
    if any(isinstance(each, ast.comprehension) for each in ast.walk(new)):
        inner = {each.id for part in _targets(new) for each in part}
        if inner & old or is_in_class:
            return False  # a class body's variables cannot be read inside a comprehension
    for name in names_in(new) - old - names - stored:
        if name == "np":
            if not _imports_numpy(tree):
                return False
        elif not hasattr(builtins, name) or _is_rebound(tree, name):
            return False
    return True


def _targets(root: ast.AST) -> list[list[ast.Name]]:
    found = [each.target for each in ast.walk(root) if isinstance(each, ast.comprehension)]
    return [[name for name in ast.walk(target) if isinstance(name, ast.Name)] for target in found]


def _scopes(tree: SourceTree, node: ast.AST) -> Iterator[ast.AST]:
    return (
        outer
        for outer in tree.enclosing(node)
        if isinstance(outer, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    )


def _imports_numpy(tree: SourceTree) -> bool:
    imported = any(
        isinstance(each, ast.Import) and any((one.name, one.asname) == ("numpy", "np") for one in each.names)
        for each in tree.root.body
    )
    return imported and not _is_rebound(tree, "np", but="numpy")


def _is_rebound(tree: SourceTree, name: str, *, but: str | None = None) -> bool:
    """Tell whether a file binds a name anywhere, other than by the import of a module."""
    for node in ast.walk(tree.root):
        match node:
            case ast.Name(id=found, ctx=ast.Store() | ast.Del()) | ast.arg(arg=found) if found == name:
                return True
            case ast.FunctionDef(name=found) | ast.AsyncFunctionDef(name=found) | ast.ClassDef(name=found):
                if found == name:
                    return True
            case ast.alias(name=module, asname=alias):
                if name in {alias, module} - {None} and module != but:
                    return True
                if module == "*":
                    return True
    return False
