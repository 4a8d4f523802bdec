"""Whether a variable is only read: its array is never written, and no other name can write it.

The answer comes from the source alone and is conservative: a use that is not known to read counts as a write.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .operations import ELEMENTWISE, REDUCTIONS, VIEWS
from .syntax import called_name, is_module_call, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .syntax import Scope, SourceTree

_FACTS = frozenset({"shape", "size", "ndim", "dtype", "nbytes", "itemsize", "flags", "strides"})

PURE = ELEMENTWISE | REDUCTIONS | {
    "dot", "vdot", "inner", "outer", "matmul", "einsum", "tensordot", "vecdot", "cross", "kron", "diff", "gradient",
    "cumsum", "cumprod", "argsort", "searchsorted", "digitize", "interp", "bincount", "histogram", "convolve",
    "correlate", "concatenate", "stack", "vstack", "hstack", "column_stack", "tile", "repeat", "roll", "unique", "isin",
    "nonzero", "flatnonzero", "argwhere", "fft", "ifft", "rfft", "irfft", "fft2", "ifft2", "fftn", "ifftn", "trapezoid",
    "cov", "corrcoef", "polyfit", "solve", "inv", "svd", "eigh", "lstsq", "astype", "copy", "flatten", "tolist", "item",
    "tobytes", "array", "zeros_like", "ones_like", "empty_like", "full_like", "take", "compress", "nanargmax",
    "nanargmin", "array2string", "triu", "tril", "pad", "lexsort",
}  # fmt: skip
"""Functions and methods that read their operands and return something new, or a number."""

_BUILTINS = frozenset({
    "len", "print", "str", "repr", "float", "int", "bool", "abs", "min", "max", "sum", "round", "range", "isinstance",
    "type", "id", "any", "all",
})  # fmt: skip


def is_only_read(
    tree: SourceTree, scope: Scope, path: str, *, but: ast.AST | None = None, until: int | None = None
) -> bool:
    """Tell whether every use of a variable or attribute in a scope reads it, or binds another value to it.

    Parameters
    ----------
    tree : SourceTree
        The file.
    scope : Module or FunctionDef or Lambda
        Where its uses are looked for, nested functions among them.
    path : str
        ``"x"`` or ``"self.x"``.
    but : ast.AST, optional
        Uses inside this node do not count.
    until : int, optional
        Uses below this line do not count.
    """
    left_out = set(ast.walk(but)) if but is not None else set()
    counted = (use for use in _uses(scope, path) if use not in left_out and (until is None or use.lineno <= until))
    return all(is_read(tree, use) for use in counted)


def calls_methods_of_owner(scope: ast.AST, variable: ast.expr) -> bool:
    """Tell whether methods of the object that has an attribute are called in a scope: they may write the attribute."""
    if not isinstance(variable, ast.Attribute):
        return False
    owner = text_of(variable.value)
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and text_of(node.func.value) == owner
        for node in ast.walk(scope)
    )


def _uses(scope: ast.AST, path: str) -> Iterator[ast.expr]:
    for node in ast.walk(scope):
        if isinstance(node, ast.Name | ast.Attribute) and text_of(node) == path:
            yield node


def is_read(tree: SourceTree, use: ast.expr) -> bool:  # noqa: PLR0911  # one case for each kind of use
    """Tell whether a use of an array only reads its elements, or is not a use of them at all."""
    parent = tree.parents.get(use)
    if isinstance(getattr(use, "ctx", None), ast.Store | ast.Del):
        # ``x = ...`` and ``del x`` leave the array alone; ``x += 1`` and ``for x in`` do not.
        return isinstance(parent, ast.Assign | ast.AnnAssign | ast.Delete) or _is_target(parent)
    match parent:
        case ast.BinOp() | ast.UnaryOp() | ast.Compare() | ast.BoolOp() | ast.FormattedValue() | ast.Assert():
            return True
        case ast.If() | ast.While() | ast.Expr():
            return True
        case ast.AugAssign(value=value):
            return value is use
        case ast.Subscript(value=value, ctx=context):
            return value is not use or (isinstance(context, ast.Load) and is_read(tree, parent))
        case ast.Attribute(attr=name):
            return name in _FACTS or _is_attribute_read(tree, parent)
        case ast.keyword(arg=name):
            return name != "out" and _is_call_read(tree, tree.parents.get(parent))
        case ast.Call():
            return _is_call_read(tree, parent)
        case _:
            return False


def _is_target(parent: ast.AST | None) -> bool:
    return isinstance(parent, ast.Tuple) and isinstance(parent.ctx, ast.Store)


def _is_attribute_read(tree: SourceTree, attribute: ast.Attribute) -> bool:
    call = tree.parents.get(attribute)
    if isinstance(call, ast.Call) and call.func is attribute:
        if attribute.attr in VIEWS:
            return is_read(tree, call)
        return attribute.attr in PURE and not any(given.arg == "out" for given in call.keywords)
    return attribute.attr in {"T", "real", "imag", "flat"} and is_read(tree, attribute)


def _is_call_read(tree: SourceTree, call: ast.AST | None) -> bool:
    name = called_name(call) if call is not None else None
    if not isinstance(call, ast.Call) or name is None:
        return False
    if isinstance(call.func, ast.Name):
        return name in _BUILTINS
    if name in VIEWS or name in {"asarray", "ascontiguousarray", "asanyarray", "asfortranarray"}:
        return is_read(tree, call)
    # ``seen.append(x)`` keeps it; ``a.dot(x)`` reads it.
    return name in PURE and (is_module_call(call) or name not in {"copy", "take"})
