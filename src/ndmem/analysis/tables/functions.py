"""Function table: the figures of the line table, by function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ndmem.analysis.call_tree.fold import fold_tree
from ndmem.analysis.call_tree.frames import mark_user_nodes, standing_nodes
from ndmem.analysis.call_tree.levels import tree_levels
from ndmem.analysis.index import fact
from ndmem.analysis.moment import Moment

from .figures import Figures, compute_figures, importance
from .sources import source_files

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex
    from ndmem.model.site import Site

    from .sources import SourceFiles

# Inlined into the function around them from Python 3.12 on (PEP 709), and called by it before: its figures include
# theirs in every version.
_COMPREHENSIONS = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Function(Figures):
    """Function of the program, or the code of one module.

    Attributes
    ----------
    filename : str
        As the code object has it.
    lineno : int or None
        Line of its ``def``; ``None`` if the source is unknown, and for the code of a module.
    function : str
        Name of the code object.
    """

    filename: str
    lineno: int | None
    function: str


@fact
def function_table(index: TraceIndex, *, library: bool = False, moment: Moment = Moment.PEAK) -> tuple[Function, ...]:
    """Compute the figures of each function of a run.

    Parameters and order are those of `line_table`. Two functions with the same name have two rows.

    Returns
    -------
    tuple of Function
        Every function that allocated a buffer or a native block, itself or through its calls.

    Raises
    ------
    TraceError
        If the trace's call tree is damaged.
    """
    trace, tree, sources = index.trace, index.trace.tree, source_files(index)
    codes, first, row = np.unique(tree.code, return_index=True, return_inverse=True)
    named = np.array([site.function not in _COMPREHENSIONS for site in trace.sites], np.bool_)[tree.site]
    visible = named if library else named & mark_user_nodes(index)
    fold = fold_tree(
        tree.parent,
        tree_levels(index),
        visible=visible,
        standing=standing_nodes(index),
        row=row.astype(np.int32),
        rows=len(codes),
    )
    functions = [
        _join_place(trace.sites[site], sources, figures)
        for site, figures in zip(tree.site[first], compute_figures(index, fold, moment=moment), strict=True)
        if figures.has_memory()
    ]
    return tuple(
        sorted(functions, key=lambda each: (*importance(each), each.filename, each.lineno or 0, each.function))
    )


def _join_place(site: Site, sources: SourceFiles, figures: Figures) -> Function:
    span = sources.enclosing_def(site.filename, site.lineno)
    return Function(
        filename=site.filename,
        lineno=span[0] if span is not None and span[2] == site.function else None,
        function=site.function,
        **figures.as_columns(),
    )
