"""Where a statement puts the value of its whole expression, from the source alone."""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndmem.analysis.index import fact

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex
    from ndmem.model.site import Site


@dataclass(frozen=True, slots=True)
class Target:
    """What a statement binds its value to.

    Attributes
    ----------
    name : str
        The variable, attribute or item as the source has it; empty for a value that is returned.
    function : str
        Function that the statement is in.
    """

    name: str
    function: str


def find_target(index: TraceIndex, site: Site) -> Target | None:
    """Return where the value of the expression at a site goes.

    Parameters
    ----------
    index : TraceIndex
        The run.
    site : Site
        A user's frame.

    Returns
    -------
    Target or None
        ``None`` unless the expression is the whole value of an assignment to one name or of a ``return``, and where the
        source or the columns are unknown.
    """
    if site.col is None or site.end_col is None:
        return None
    name = _names_by_value(index, site.filename).get((site.lineno, site.col, site.end_lineno, site.end_col))
    return None if name is None else Target(name, site.function)


@fact
def _names_by_value(index: TraceIndex, filename: str) -> dict[tuple[int, int, int, int], str]:
    """Return the target of each value that is assigned or returned, by the place of the value."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(index.trace.sources.get(filename, "").removeprefix("\ufeff"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    found = {}
    for node in ast.walk(tree):
        target: ast.expr | None = None
        match node:
            case ast.Assign(targets=[ast.Name() | ast.Attribute() | ast.Subscript() as target]):
                pass
            case ast.AnnAssign(target=target) | ast.NamedExpr(target=target):
                pass
            case ast.Return():
                pass
            case _:
                continue
        value = node.value
        if value is not None and value.end_lineno is not None and value.end_col_offset is not None:
            place = (value.lineno, value.col_offset, value.end_lineno, value.end_col_offset)
            found[place] = "" if target is None else ast.unparse(target)
    return found
