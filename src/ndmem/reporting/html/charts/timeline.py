"""Data of the timeline chart, kept small; the page's script builds Plotly's figure from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ndmem.analysis.over_time.layers import timeline_layers
from ndmem.analysis.over_time.timeline import resident_timeline
from ndmem.analysis.tables.sources import SourceFiles, source_files
from ndmem.reporting.html.page_bounds import LABEL
from ndmem.reporting.plain import plain
from ndmem.reporting.sentences.brevity import shorten

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex
    from ndmem.analysis.over_time.layers import Layers
    from ndmem.model.trace import RunInfo
    from ndmem.reporting.paths import FileNames

FOREIGN, NATIVE = "arrays over other memory", "native blocks"
PYTHON, RESIDENT = "Python's small objects", "resident memory (RSS)"


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """Row of the table that has the figures of the timeline.

    Attributes
    ----------
    name : str
        The layer.
    peak_nbytes : int
        Its bytes at the peak of arrays; ``None`` if they are unknown.
    highest_nbytes : int
        Its highest bytes at the moments that are drawn.
    """

    name: str
    peak_nbytes: int | None
    highest_nbytes: int


def draw_timeline(index: TraceIndex, names: FileNames, *, points: int) -> tuple[dict[str, Any], list[TimelineRow]]:
    """Return the data of the timeline in at most ``points`` points, and the same as rows of a table."""
    trace = index.trace
    found, sources = timeline_layers(index, points=points), source_files(index)
    others = "other arrays, and those left out" if len(trace.compacted) else "other arrays"
    if trace.cluster is not None:
        others = "arrays of all workers, whose lines are not known over time"
    layers = _name_layers(found, names, sources, others)
    beside = [(name, nbytes) for name, nbytes in _list_beside(found) if nbytes]
    resident = resident_timeline(index, points=points)
    bounds = _name_bounds(trace.run)
    at = _find_peak(found)
    data = _make_data(index, found, layers, points=points)
    rows = [
        TimelineRow(name, None if at is None else nbytes[at], max(nbytes, default=0))
        for name, nbytes in layers + beside
    ]
    if resident:
        rows.append(TimelineRow(RESIDENT, None, max(point.nbytes for point in resident)))
    return data, rows + [TimelineRow(name, nbytes, nbytes) for name, nbytes in bounds]


def draw_live_timeline(index: TraceIndex, found: Layers, names: FileNames, *, points: int) -> dict[str, Any]:
    """Return the data of the timeline of a program that still runs, from its layers."""
    return _make_data(index, found, _name_layers(found, names, source_files(index), "other arrays"), points=points)


def _name_layers(
    found: Layers, names: FileNames, sources: SourceFiles, others: str
) -> list[tuple[str, tuple[int, ...]]]:
    return [
        (others if each.filename is None else _name_layer(each.filename, each.lineno, names, sources), each.nbytes)
        for each in found.layers
    ]


def _make_data(
    index: TraceIndex, found: Layers, layers: list[tuple[str, tuple[int, ...]]], *, points: int
) -> dict[str, Any]:
    resident = resident_timeline(index, points=points)
    return {
        "time": [round(time, 6) for time in found.time_s],
        "layers": [{"name": name, "nbytes": nbytes} for name, nbytes in layers],
        "beside": [{"name": name, "nbytes": nbytes} for name, nbytes in _list_beside(found) if nbytes],
        "rss": {
            "name": RESIDENT,
            "time": [round(point.time_s, 6) for point in resident],
            "nbytes": [point.nbytes for point in resident],
        },
        "bounds": [{"name": name, "nbytes": nbytes} for name, nbytes in _name_bounds(index.trace.run)],
        "peaks": _mark_peaks(index, found),
    }


def _list_beside(found: Layers) -> list[tuple[str, tuple[int, ...]]]:
    """Return the layers above those of arrays; without foreign memory there is none for it."""
    foreign = found.foreign_nbytes if any(found.foreign_nbytes or ()) else None
    layers = ((FOREIGN, foreign), (NATIVE, found.native_nbytes), (PYTHON, found.python_nbytes))
    return [(name, nbytes) for name, nbytes in layers if nbytes is not None]


def number_layers(index: TraceIndex, *, points: int) -> dict[tuple[str, int], int]:
    """Return the number of the layer of each line that has one: it decides the line's colour everywhere on the page."""
    return {
        (layer.filename, layer.lineno or 0): number
        for number, layer in enumerate(timeline_layers(index, points=points).layers)
        if layer.filename is not None
    }


def _mark_peaks(index: TraceIndex, found: Layers) -> list[dict[str, Any]]:
    """Return the peak of arrays, and that of arrays and native blocks together if it is higher."""
    trace, at = index.trace, _find_peak(found)
    nbytes = trace.peak.nbytes if trace.cluster is None else trace.cluster.at_once_nbytes
    peaks = [] if at is None else [{"name": "peak of arrays", "time": found.time_s[at], "nbytes": nbytes}]
    beside = [nbytes for _, nbytes in _list_beside(found)]
    if trace.total is None or trace.total.nbytes <= trace.peak.nbytes or not beside:
        return peaks
    together = [sum(each) for each in zip(*(layer.nbytes for layer in found.layers), *beside, strict=True)]
    highest = together.index(max(together))
    total = {"name": "peak with native memory", "time": found.time_s[highest], "nbytes": trace.total.nbytes}
    return [*peaks, total]


def _find_peak(found: Layers) -> int | None:
    """Return the number of the point at which arrays were highest; ``None`` if there were none."""
    live = [sum(at) for at in zip(*(layer.nbytes for layer in found.layers), strict=True)]
    return live.index(max(live)) if any(live) else None


def _name_layer(filename: str, lineno: int | None, names: FileNames, sources: SourceFiles) -> str:
    text = sources.line(filename, lineno or 0)
    return shorten(f"{names.short_place(filename, lineno)} {plain(text) if text else ''}".rstrip(), LABEL)


def _name_bounds(run: RunInfo) -> list[tuple[str, int]]:
    """Return the upper bounds of memory: the budget, and the limit of the machine."""
    bounds = [] if run.budget_nbytes is None else [("budget", run.budget_nbytes)]
    if run.limit is not None:
        bounds.append((f"limit ({plain(run.limit.source)})", run.limit.nbytes))
    return bounds
