"""Layers of the timeline: live bytes over time, divided among the lines that own most at the peak."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ndmem.analysis.call_tree.frames import standing_nodes
from ndmem.analysis.index import fact
from ndmem.analysis.moment import Moment, nbytes_by_node
from ndmem.analysis.origin import PYTHON_OBJECTS, name_origin
from ndmem.model.columns import Domain, Kind

from .timeline import timeline_moments

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex
    from ndmem.model.columns import Bools, Int32s, Int64s
    from ndmem.model.trace import Trace


_THINNEST = 100
"""A line gets a layer if it owns at least this part of the peak; the number is its denominator."""


@dataclass(frozen=True, slots=True)
class Layer:
    """Live bytes that one line allocated, over time.

    Attributes
    ----------
    filename, lineno : str and int, or None
        The line; ``None`` for all other arrays, including those too small to be events.
    nbytes : tuple of int
        Live bytes at each time of the timeline.
    """

    filename: str | None
    lineno: int | None
    nbytes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layers:
    """Timeline of a run in layers.

    Attributes
    ----------
    time_s : tuple of float
        Seconds since tracking started.
    layers : tuple of Layer
        The lines that own most at the peak first; at each time they sum to the live bytes of arrays. A single layer
        if events were dropped: the live bytes are known then, the lines that allocated them are not.
    foreign_nbytes : tuple of int or None
        Live bytes of arrays over memory that NumPy did not allocate; ``None`` if native blocks were not tracked.
    native_nbytes : tuple of int or None
        Live bytes of native blocks, without those of ``python_nbytes``; ``None`` if they were not tracked.
    python_nbytes : tuple of int or None
        Bytes of the arenas that Python mapped for its own small objects while it was tracked; ``None`` if native
        blocks were not tracked, or events were dropped.
    """

    time_s: tuple[float, ...]
    layers: tuple[Layer, ...]
    foreign_nbytes: tuple[int, ...] | None
    native_nbytes: tuple[int, ...] | None
    python_nbytes: tuple[int, ...] | None


@fact
def timeline_layers(index: TraceIndex, *, points: int = 2000, lines: int = 6) -> Layers:
    """Divide the timeline of a run among its lines.

    Parameters
    ----------
    index : TraceIndex
        The run.
    points : int
        At most this many times, those of `timeline`: the highest moment of each interval.
    lines : int
        At most this many lines have a layer of their own.

    Raises
    ------
    TraceError
        If the trace's call tree is damaged.
    """
    trace, moments = index.trace, timeline_moments(index, points=points)
    until = np.array([events for events, _ in moments], np.int64)
    points_of = [point for _, point in moments]
    rest = np.array([point.live_nbytes for point in points_of], np.int64)
    layers = []
    if not trace.dropped:
        owner, keys = _find_owners(index, lines)
        for number, (filename, lineno) in enumerate(keys):
            nbytes = _live_at(trace, owner == number, until)
            rest -= nbytes
            layers.append(Layer(filename, lineno, tuple(nbytes.tolist())))
    native = np.array([point.native_nbytes or 0 for point in points_of], np.int64)
    python = None
    if trace.native is not None and not trace.dropped:
        python = _live_at(trace, _mark_python_arenas(trace), until)
        native -= python
    return Layers(
        time_s=tuple(point.time_s for point in points_of),
        layers=(*layers, Layer(None, None, tuple(rest.tolist()))),
        foreign_nbytes=None if trace.native is None else tuple(point.foreign_nbytes or 0 for point in points_of),
        native_nbytes=None if trace.native is None else tuple(native.tolist()),
        python_nbytes=None if python is None else tuple(python.tolist()),
    )


def _mark_python_arenas(trace: Trace) -> Bools:
    arenas = [buffer for buffer, library in trace.origins.items() if name_origin(library) == PYTHON_OBJECTS]
    ours = np.zeros(int(trace.events.buffer.max(initial=-1)) + 1, np.bool_)
    ours[arenas] = True
    marked: Bools = ours[trace.events.buffer] & (trace.events.domain == Domain.NATIVE)
    return marked


def _find_owners(index: TraceIndex, lines: int) -> tuple[Int32s, list[tuple[str, int]]]:
    """Return for each event the number of the line that allocated its buffer, -1 for other lines; and the lines."""
    trace, standing = index.trace, standing_nodes(index)
    tree, events = trace.tree, trace.events
    rows: dict[tuple[str, int], int] = {}
    of_site = np.array([rows.setdefault((site.filename, site.lineno), len(rows)) for site in trace.sites], np.int32)
    row = of_site[tree.site[standing]] if len(tree) else np.empty(0, np.int32)
    at_peak = np.zeros(len(rows), np.int64)
    np.add.at(at_peak, row, nbytes_by_node(trace, Moment.PEAK))
    largest = np.argsort(-at_peak, kind="stable")[:lines].tolist()
    most = [line for line in largest if int(at_peak[line]) * _THINNEST >= trace.peak.nbytes > 0]
    number = np.full(len(rows), -1, np.int32)
    number[most] = np.arange(len(most))
    born = (events.kind == Kind.BORN) & (events.domain == Domain.ARRAY)
    owner = np.full(int(events.buffer.max(initial=-1)) + 1, -1, np.int32)
    owner[events.buffer[born]] = number[row[events.stack[born]]]
    names = list(rows)
    return owner[events.buffer], [names[line] for line in most]


def _live_at(trace: Trace, ours: Bools, until: Int64s) -> Int64s:
    """Return the live bytes of the buffers whose events are marked, after each of ``until`` events."""
    return np.concatenate([[0], trace.events.running_nbytes(ours)])[until]
