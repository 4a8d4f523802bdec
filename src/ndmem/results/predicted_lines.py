"""The lines of a predicted run, each with the formula of its peak."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .analysis.lines import Line
from .model.columns import Domain, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .model.columns import Bools, Int64s
    from .model.trace import Trace
    from .planning.forecast import Forecast

_MOST = 60
"""Lines that get a formula, the most important first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedLine(Line):
    """A line of a predicted run.

    Attributes
    ----------
    formula : str or None
        `peak_nbytes` by the dimensions: ``"16·n·d + 8·n"``; ``None`` where no formula was found.
    """

    formula: str | None


def add_formulas(rows: Iterable[Line], found: Forecast) -> tuple[PredictedLine, ...]:
    """Give lines the formula of their peak.

    Parameters
    ----------
    rows : iterable of Line
        The line table of the prediction's trace.
    found : Forecast
        The prediction.
    """
    trace = found.trace
    made = []
    for i, row in enumerate(rows):
        formula = None
        if found.formulas is not None and found.were is not None and i < _MOST and row.peak_nbytes is not None:
            until = _find_event(trace, row)
            formula = None if until < 0 else _write(found, trace, until)
        made.append(PredictedLine(**row.as_columns(), **_place(row), formula=formula))
    return tuple(made)


def _place(row: Line) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("filename", "lineno", "function", "source")}


def _find_event(trace: Trace, row: Line) -> int:
    """Return how many events there are up to the row's peak; -1 if it is at none of them."""
    below = _below(trace, row.filename, row.lineno)
    events = trace.events
    there = np.flatnonzero(below[events.stack] & (events.live == row.peak_nbytes))
    return int(there[0]) + 1 if len(there) else -1


def _below(trace: Trace, filename: str, lineno: int) -> Bools:
    """Mark the nodes of a line and of all that it called."""
    here = np.array([site.filename == filename and site.lineno == lineno for site in trace.sites], np.bool_)
    marked = here[trace.tree.site] if len(here) else np.zeros(len(trace.tree), np.bool_)
    for i, parent in enumerate(trace.tree.parent.tolist()):
        marked[i] |= parent >= 0 and marked[parent]
    return marked


def _write(found: Forecast, trace: Trace, until: int) -> str | None:
    """Write the sum of what is alive after so many events."""
    assert found.formulas is not None
    assert found.were is not None
    alive = _alive(trace, until)
    kinds: Int64s = found.formulas.kind[found.were[alive]]
    return found.formulas.write(Counter(kinds.tolist()))


def _alive(trace: Trace, until: int) -> Int64s:
    events = trace.events
    arrays = events.domain[:until] == Domain.ARRAY
    born = events.kind[:until] == Kind.BORN
    buffers = events.buffer[:until]
    living = np.zeros(int(events.buffer.max(initial=-1)) + 1, np.bool_)
    living[buffers[arrays & born]] = True
    living[buffers[arrays & ~born]] = False
    return np.flatnonzero(living)
