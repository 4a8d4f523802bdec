"""Tell growth from what is filled once, replaced, or bounded."""

from __future__ import annotations

import ast
import warnings
from typing import TYPE_CHECKING

from ndmem.analysis.index import fact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ndmem.analysis.index import TraceIndex
    from ndmem.model.columns import Bools
    from ndmem.model.holder import Holder
    from ndmem.model.site import Site

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def is_growth(stayed: Bools) -> bool:
    """Tell whether what early and what late executions left behind is still there.

    A value that each execution replaces is of the last one only, what is filled once of the first ones only, and a
    bounded cache has forgotten the first ones. Early are those of the first half; of three, the first.

    Parameters
    ----------
    stayed : (k,) bool
        For each execution, in order, whether it left something behind that is still there.
    """
    half = max(len(stayed) // 2, 1)
    return bool(stayed[:half].any() and stayed[-half:].any())


def is_filled_at_once(index: TraceIndex, site: Site, holders: Sequence[Holder]) -> bool:
    """Tell whether arrays are the elements of one container that was made with all of them: a pool, or a table.

    Parameters
    ----------
    index : TraceIndex
        The run.
    site : Site
        The expression that allocated the arrays.
    holders : sequence of Holder
        What holds them.

    Returns
    -------
    bool
        True if one container holds all of them, and the expression is in a comprehension whose value is assigned, or in
        a loop of ``__init__``. Objects that stay again and again have a container each.
    """
    owners = {holder.name.partition("[")[0] for holder in holders}
    if len(owners) != 1 or any(holder.name.count("[") != 1 for holder in holders):
        return False
    return (site.lineno, site.col) in _filling_places(index, site.filename)


@fact
def _filling_places(index: TraceIndex, filename: str) -> frozenset[tuple[int, int]]:
    """Return where the expressions begin that fill a container as it is made."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            root = ast.parse(index.trace.sources.get(filename, "").removeprefix("\ufeff"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    found: list[ast.AST] = []
    for node in ast.walk(root):
        match node:
            case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value) if isinstance(
                value, _COMPREHENSIONS
            ):
                found.append(value)
            case ast.FunctionDef(name="__init__"):
                found += [inner for inner in ast.walk(node) if isinstance(inner, ast.For)]
    inside = (inner for outer in found for inner in ast.walk(outer) if isinstance(inner, ast.expr))
    return frozenset((inner.lineno, inner.col_offset) for inner in inside)
