"""The line table's figures by function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .figures import Figures, compute_figures, importance
from .fold import fold_tree
from .frames import mark_user_nodes
from .moment import Moment
from .sources import SourceFiles

if TYPE_CHECKING:
    from ndmem.model.site import Site
    from ndmem.model.trace import Trace

# Inlined into the function around them from Python 3.12 on (PEP 709); before that they were called by it, so
# its figures hold theirs in every version.
_COMPREHENSIONS = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Function(Figures):
    """One function of the program, or the code of one module.

    Attributes
    ----------
    filename : str
        As the code object has it.
    lineno : int or None
        Line of its ``def``; ``None`` where the source is not known and for the code of a module.
    function : str
        Name of the code object.
    """

    filename: str
    lineno: int | None
    function: str


def function_table(trace: Trace, *, library: bool = False, moment: Moment = Moment.PEAK) -> tuple[Function, ...]:
    """Compute the figures of each function of a run.

    Parameters and order are those of `line_table`. Two functions of one name are two rows.

    Returns
    -------
    tuple of Function
        Every function that made a buffer or a native block, or called what made one.

    Raises
    ------
    TraceError
        If the trace's call tree is damaged.
    """
    tree, sources = trace.tree, SourceFiles(trace.sources)
    codes, first, row = np.unique(tree.code, return_index=True, return_inverse=True)
    named = np.array([site.function not in _COMPREHENSIONS for site in trace.sites], np.bool_)[tree.site]
    visible = named if library else named & mark_user_nodes(trace)
    fold = fold_tree(tree.parent, visible=visible, row=row.astype(np.int32), rows=len(codes))
    functions = [
        _describe(trace.sites[site], sources, figures)
        for site, figures in zip(tree.site[first], compute_figures(trace, fold, moment=moment), strict=True)
        if not figures.is_empty
    ]
    return tuple(
        sorted(functions, key=lambda each: (*importance(each), each.filename, each.lineno or 0, each.function))
    )


def _describe(site: Site, sources: SourceFiles, figures: Figures) -> Function:
    """Join a function's place and its figures."""
    span = sources.enclosing_def(site.filename, site.lineno)
    return Function(
        filename=site.filename,
        lineno=span[0] if span is not None and span[2] == site.function else None,
        function=site.function,
        **figures.as_columns(),
    )
