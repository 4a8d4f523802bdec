"""The lines of a predicted run, each with the formula of its peak."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ndmem.analysis.tables.lines import Line
from ndmem.model.columns import Domain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ndmem.model.columns import Bools, Int64s
    from ndmem.model.trace import Trace
    from ndmem.planning.forecast import Forecast

_MOST = 60
"""Number of lines that get a formula, the most important first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedLine(Line):
    """A line of a predicted run.

    Attributes
    ----------
    formula : str or None
        `peak_nbytes` as a polynomial of the dimensions: ``"16·n·d + 8·n"``; ``None`` if no formula was found.
    """

    formula: str | None


def add_formulas(rows: Iterable[Line], found: Forecast) -> tuple[PredictedLine, ...]:
    """Add to lines the formula of their peak.

    Parameters
    ----------
    rows : iterable of Line
        Line table of the predicted trace.
    found : Forecast
        The prediction.
    """
    trace = found.trace
    made = []
    for i, row in enumerate(rows):
        formula = None
        if (
            found.formulas is not None
            and found.measured_buffers is not None
            and i < _MOST
            and row.peak_nbytes is not None
        ):
            until = _find_event(trace, row)
            formula = None if until < 0 else _write(found, trace, until)
        made.append(PredictedLine(**row.as_columns(), **_place(row), formula=formula))
    return tuple(made)


def _place(row: Line) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("filename", "lineno", "function", "source")}


def _find_event(trace: Trace, row: Line) -> int:
    """Return the number of events up to the row's peak; -1 if it is at none of them."""
    below = _below(trace, row.filename, row.lineno)
    events = trace.events
    there = np.flatnonzero(below[events.stack] & (events.live == row.peak_nbytes))
    return int(there[0]) + 1 if len(there) else -1


def _below(trace: Trace, filename: str, lineno: int) -> Bools:
    """Mark the nodes of a line and of the functions it called."""
    here = np.array([site.filename == filename and site.lineno == lineno for site in trace.sites], np.bool_)
    marked = here[trace.tree.site] if len(here) else np.zeros(len(trace.tree), np.bool_)
    for i, parent in enumerate(trace.tree.parent.tolist()):
        marked[i] |= parent >= 0 and marked[parent]
    return marked


def _write(found: Forecast, trace: Trace, until: int) -> str | None:
    """Write the sum of the buffers alive after this number of events."""
    assert found.formulas is not None
    assert found.measured_buffers is not None
    alive = np.flatnonzero(trace.events.alive_after(until, domain=Domain.ARRAY))
    kinds: Int64s = found.formulas.kind[found.measured_buffers[alive]]
    return found.formulas.write(Counter(kinds.tolist()))
