"""Calls that copy several arrays into a new one: which arguments they join."""

from __future__ import annotations

import ast

from .syntax import called_name, is_module_call, text_of

JOINING = frozenset({
    "block", "column_stack", "concat", "concatenate", "dstack", "hstack", "row_stack", "stack", "vstack",
})  # fmt: skip
"""Functions that join the arrays of their first argument."""

CONVERTING = frozenset({"array", "asarray", "asanyarray"})
"""Functions that make one array of a list of arrays."""

_EXTENDING = frozenset({"append", "insert"})
_INDEXED = frozenset({"c_", "r_"})


def joined_parts(node: ast.expr) -> ast.expr | None:
    """Return the list of arrays that a call makes one array of: ``parts`` in ``np.concatenate(parts)``."""
    if not isinstance(node, ast.Call) or not node.args or not is_module_call(node):
        return None
    return node.args[0] if called_name(node) in JOINING | CONVERTING else None


def is_extension(node: ast.expr, target: ast.expr) -> bool:
    """Tell whether an expression copies the array of a target, and more, into a new array."""
    name = text_of(target)
    match node:
        case ast.Call(args=[first, *_]) if is_module_call(node) and called_name(node) in _EXTENDING:
            return text_of(first) == name
        case ast.Call(args=[ast.List(elts=parts) | ast.Tuple(elts=parts), *_]) if called_name(node) in JOINING:
            return name in {text_of(part) for part in parts}
        case ast.Subscript(value=ast.Attribute(attr=attribute), slice=ast.Tuple(elts=parts)) if attribute in _INDEXED:
            return name in {text_of(part) for part in parts}
        case _:
            return False
