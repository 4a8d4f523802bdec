"""Sparkline: the timeline of a run in one row of block characters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.over_time.timeline import highest_by_interval
from ndmem.units import format_nbytes

from .live_view import draw_chart

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex


def draw_sparkline(index: TraceIndex, *, width: int) -> str:
    """Draw the live bytes of arrays over time; each character is the highest of its interval."""
    trace = index.trace
    ends = f"0 B to {format_nbytes(trace.peak.nbytes)} over {trace.run.duration_s:.3g} s"
    columns = max(width - len(ends) - 2, 10)
    return f"{draw_chart(highest_by_interval(index, columns), rows=1)}  {ends}"
