"""The timeline of a run in one row of block characters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.timeline import highest_by_interval
from ndmem.units import format_nbytes

from .live_view import draw_chart

if TYPE_CHECKING:
    from ndmem.model.trace import Trace


def draw_sparkline(trace: Trace, *, width: int) -> str:
    """Draw the live bytes of arrays over time: each character is the highest of its interval."""
    ends = f"0 B to {format_nbytes(trace.peak.nbytes)} over {trace.run.duration_s:.3g} s"
    columns = max(width - len(ends) - 2, 10)
    return f"{draw_chart(highest_by_interval(trace, columns), rows=1)}  {ends}"
