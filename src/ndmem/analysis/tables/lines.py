"""The line table: what each line of the program holds, at the peak and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .figures import Figures, compute_figures, importance
from .fold import fold_tree
from .frames import mark_user_nodes
from .moment import Moment
from .sources import ANONYMOUS, SourceFiles

if TYPE_CHECKING:
    from ndmem.model.trace import Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Line(Figures):
    """One line of the program.

    Attributes
    ----------
    filename : str
        As the code object has it.
    lineno : int
        From 1; 0 where the code has no line.
    function : str
        Function the line belongs to; for a comprehension or a lambda the one around it, where that is known.
    source : str or None
        Text of the line, without the space around it; ``None`` where it is not known.
    """

    filename: str
    lineno: int
    function: str
    source: str | None


def line_table(trace: Trace, *, library: bool = False, moment: Moment = Moment.PEAK) -> tuple[Line, ...]:
    """Compute the line table of a run.

    Parameters
    ----------
    trace : Trace
        The run.
    library : bool
        Also give the lines of libraries a row; else they count for the user's line that called them.
    moment : Moment
        Which lines come first: those whose buffers were alive then.

    Returns
    -------
    tuple of Line
        Every line that made a buffer or a native block, or called what made one. First the lines that made the
        arrays alive at the moment, most bytes first, then the lines that only called those, then the others.

    Raises
    ------
    TraceError
        If the trace's call tree is damaged.
    """
    tree, sources = trace.tree, SourceFiles(trace.sources)
    keys: dict[tuple[str, int], int] = {}
    of_site = [keys.setdefault((site.filename, site.lineno), len(keys)) for site in trace.sites]
    row = np.array(of_site, np.int32)[tree.site]
    visible = np.ones(len(tree), np.bool_) if library else mark_user_nodes(trace)
    fold = fold_tree(tree.parent, visible=visible, row=row, rows=len(keys))
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
            keys.items(), compute_figures(trace, fold, moment=moment), strict=True
        )
        if not figures.is_empty
    ]
    return tuple(sorted(lines, key=lambda line: (*importance(line), line.filename, line.lineno)))


def _name_rows(trace: Trace, of_site: list[int], sources: SourceFiles) -> dict[int, str]:
    """Return the function of each row; a named one where several ran at the line."""
    names: dict[int, str] = {}
    for site, row in zip(trace.sites, of_site, strict=True):
        if names.get(row) is None or names[row] in ANONYMOUS:
            names[row] = sources.name_function(site.filename, site.lineno, site.function)
    return names
