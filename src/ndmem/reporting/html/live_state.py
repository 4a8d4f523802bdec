"""State of a running program as the live page gets it: figures and texts, in a bounded number of rows."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from ndmem.analysis.index import TraceIndex
from ndmem.analysis.moment import Moment
from ndmem.analysis.over_time.growth_rates import GrowthRates
from ndmem.analysis.over_time.left_over import find_left_over
from ndmem.analysis.over_time.live_layers import live_layers
from ndmem.analysis.tables.lines import line_table
from ndmem.analysis.tables.sources import source_files
from ndmem.reporting.html.charts.timeline import draw_live_timeline
from ndmem.reporting.html.page_bounds import LABEL
from ndmem.reporting.html.tables.arrays import list_arrays
from ndmem.reporting.paths import file_names
from ndmem.reporting.plain import plain
from ndmem.reporting.sentences.brevity import mask_items, shorten
from ndmem.reporting.sentences.live import name_peak_place, name_program, name_state
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ndmem.analysis.over_time.layers import Layers
    from ndmem.model.columns import Samples
    from ndmem.model.live_frame import LiveFrame
    from ndmem.model.trace import RunInfo, Trace
    from ndmem.reporting.paths import FileNames
    from ndmem.tracking.journal.live_children import LiveChild

_POINTS = 400
_ROWS = 20


class LiveStates:
    """Makes the states of one running program, one after the other.

    A line keeps its colour from state to state, and its growth is that of the states so far.
    """

    def __init__(self) -> None:
        self._growth = GrowthRates()
        self._known: list[tuple[str, int]] = []

    def describe(self, frame: LiveFrame, rss: Samples, children: Sequence[LiveChild]) -> dict[str, Any]:
        """Return the present state, ready for JSON.

        Parameters
        ----------
        frame : LiveFrame
            The program now.
        rss : Samples
            Its resident memory since it was first read.
        children : sequence of LiveChild
            The processes that it started.
        """
        index = TraceIndex(dataclasses.replace(frame.trace, rss=rss))
        trace, names = index.trace, file_names(frame.trace.run)
        found = live_layers(index, frame.moments, known=self._known)
        self._known = [(each.filename, each.lineno or 0) for each in found.layers if each.filename is not None]
        return {
            "title": name_program(trace.run),
            "sentence": _write_sentence(index, names),
            "about": f"{name_state(trace.run)}, {write_duration(trace.run.duration_s)}, process {trace.run.pid}",
            "gauges": _list_gauges(frame),
            "timeline": draw_live_timeline(index, found, names, points=_POINTS),
            "lines": _list_lines(index, names, self._growth.add(index), found),
            "arrays": _list_live(index, names),
            "processes": _list_processes(children),
            "dropped": bool(trace.dropped),
        }


def describe_range(trace: Trace, *, start_s: float, end_s: float) -> dict[str, Any]:
    """Return what was allocated in a range and is alive now, by line, ready for JSON.

    Parameters
    ----------
    trace : Trace
        The program now, with the times of the births.
    start_s, end_s : float
        The range, in seconds since the start.
    """
    index, names = TraceIndex(trace), file_names(trace.run)
    found = find_left_over(index, start_s=start_s, end_s=end_s)
    if found is None:
        return {"rows": [], "says": "Events were dropped: which arrays are alive is unknown."}
    sources = source_files(index)
    rows = [
        [
            left.nbytes,
            left.count,
            names.place(left.site.filename, left.site.lineno),
            _label(left.expression or sources.line(left.site.filename, left.site.lineno)),
            _label(", ".join(dict.fromkeys(mask_items(holder.name) for holder in left.holders))) or "?",
        ]
        for left in found[:_ROWS]
    ]
    nbytes, count = sum(left.nbytes for left in found), sum(left.count for left in found)
    arrays = "array" if count == 1 else "arrays"
    says = f"{count:,} {arrays} allocated in the range and alive now: {format_nbytes(nbytes)}."
    return {"rows": rows, "says": says}


def write_duration(seconds: float) -> str:
    """Write a duration: seconds up to two minutes, then minutes, then hours."""
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes = int(seconds // 60)
    if minutes < 120:
        return f"{minutes} min {int(seconds % 60)} s"
    return f"{minutes // 60} h {minutes % 60} min"


def _write_sentence(index: TraceIndex, names: FileNames) -> str:
    trace = index.trace
    place = name_peak_place(index, names)
    reached = f", reached at {place}" if place else ""
    live, peak = format_nbytes(trace.live_nbytes), format_nbytes(trace.peak.nbytes)
    return f"{live} of arrays are alive; the peak is {peak}{reached}."


def _list_gauges(frame: LiveFrame) -> list[dict[str, Any]]:
    """Return what is used of the budget, and of the machine's limit."""
    trace, run = frame.trace, frame.trace.run
    gauges = []
    if run.budget_nbytes is not None:
        used = trace.live_nbytes + (trace.native_live_nbytes or 0)
        gauges.append({"name": _name_budget(run), "nbytes": used, "bound": run.budget_nbytes})
    if run.limit is not None and frame.rss_nbytes is not None:
        name = f"Resident memory, of the limit ({plain(run.limit.source)})"
        gauges.append({"name": name, "nbytes": frame.rss_nbytes, "bound": run.limit.nbytes})
    return gauges


def _name_budget(run: RunInfo) -> str:
    return "Arrays, of the budget" if run.native_threshold is None else "Arrays and native memory, of the budget"


def _list_lines(
    index: TraceIndex, names: FileNames, growth: dict[tuple[str, int], float], found: Layers
) -> dict[str, Any]:
    colours = {(each.filename, each.lineno): number for number, each in enumerate(found.layers)}
    lines = [line for line in line_table(index, moment=Moment.END) if line.own_nbytes]
    lines.sort(key=lambda line: -line.own_nbytes)
    rows = [
        [
            line.own_nbytes,
            line.own_nbytes / max(index.trace.live_nbytes, 1),
            growth.get((line.filename, line.lineno)),
            names.place(line.filename, line.lineno),
            _label(line.source or f"in {line.function}"),
            colours.get((line.filename, line.lineno), -1),
        ]
        for line in lines[:_ROWS]
    ]
    rest = lines[_ROWS:]
    return {"rows": rows, "more": len(rest), "nbytes": sum(line.own_nbytes for line in rest)}


def _list_live(index: TraceIndex, names: FileNames) -> dict[str, Any]:
    table = list_arrays(index, names, Moment.END, {}, most=_ROWS)
    rows = [
        [row.nbytes, row.shape, row.dtype, _label(row.name), row.role, row.place, _label(row.source)]
        for row in table.rows
    ]
    return {"rows": rows, "more": table.other_count, "nbytes": table.other_nbytes, "small": table.small_nbytes}


def _list_processes(children: Sequence[LiveChild]) -> dict[str, Any]:
    rows = [
        [
            child.live_nbytes,
            child.peak_nbytes,
            child.native_nbytes,
            child.rss_nbytes,
            child.pid,
            _label(child.command) if child.rss_nbytes is not None else "ended",
        ]
        for child in children[:_ROWS]
    ]
    return {"rows": rows, "more": max(len(children) - _ROWS, 0)}


def _label(text: str | None) -> str:
    return shorten(plain(text or ""), LABEL)
