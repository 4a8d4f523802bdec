"""Line table: what each line of the program holds at the peak and after."""

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
from .sources import ANONYMOUS, source_files

if TYPE_CHECKING:
    from ndmem.analysis.call_tree.fold import Fold
    from ndmem.analysis.index import TraceIndex
    from ndmem.model.trace import Trace

    from .sources import SourceFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Line(Figures):
    """Line of the program.

    Attributes
    ----------
    filename : str
        As the code object has it.
    lineno : int
        From 1; 0 if the code has no line.
    function : str
        Function of the line; for a comprehension or a lambda the function around it, if the source is known.
    source : str or None
        Text of the line, without the space around it; ``None`` if the source is unknown.
    """

    filename: str
    lineno: int
    function: str
    source: str | None


@fact
def line_table(index: TraceIndex, *, library: bool = False, moment: Moment = Moment.PEAK) -> tuple[Line, ...]:
    """Compute the line table of a run.

    Parameters
    ----------
    index : TraceIndex
        The run.
    library : bool
        Also give the lines of libraries a row; else they are charged to the user's line that called them.
    moment : Moment
        Moment that decides the order: lines whose buffers were live then come first.

    Returns
    -------
    tuple of Line
        Every line that allocated a buffer or a native block, itself or through its calls. First the lines that
        allocated the arrays live at the moment, most bytes first, then their callers, then the others.

    Raises
    ------
    TraceError
        If the trace's call tree is damaged.
    """
    trace, sources = index.trace, source_files(index)
    keys, of_site, fold = fold_lines(index, library=library)
    functions = _name_rows(trace, of_site, sources)
    lines = [
        Line(
            filename=filename,
            lineno=lineno,
            function=functions[number],
            source=sources.line(filename, lineno),
            **figures.as_columns(),
        )
        for ((filename, lineno), number), figures in zip(
            keys.items(), compute_figures(index, fold, moment=moment), strict=True
        )
        if figures.has_memory()
    ]
    return tuple(sorted(lines, key=lambda line: (*importance(line), line.filename, line.lineno)))


@fact
def fold_lines(index: TraceIndex, *, library: bool) -> tuple[dict[tuple[str, int], int], list[int], Fold]:
    """Return the row of each line, the row of each site, and the call tree with these rows."""
    trace, tree = index.trace, index.trace.tree
    keys: dict[tuple[str, int], int] = {}
    of_site = [keys.setdefault((site.filename, site.lineno), len(keys)) for site in trace.sites]
    row = np.array(of_site, np.int32)[tree.site]
    visible = np.ones(len(tree), np.bool_) if library else mark_user_nodes(index)
    fold = fold_tree(
        tree.parent, tree_levels(index), visible=visible, standing=standing_nodes(index), row=row, rows=len(keys)
    )
    return keys, of_site, fold


def _name_rows(trace: Trace, of_site: list[int], sources: SourceFiles) -> dict[int, str]:
    """Return the function of each row; if several ran at the line, one that is not a lambda or comprehension."""
    names: dict[int, str] = {}
    for site, row in zip(trace.sites, of_site, strict=True):
        if names.get(row) is None or names[row] in ANONYMOUS:
            names[row] = sources.name_function(site.filename, site.lineno, site.function)
    return names
