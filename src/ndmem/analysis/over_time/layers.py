"""Live bytes over time, divided among the lines that own most at the peak."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ndmem.model.columns import Domain, Kind

from .frames import mark_user_nodes, standing_nodes
from .moment import Moment, nbytes_by_node
from .origin import PYTHON_OBJECTS, name_origin
from .timeline import timeline_moments

if TYPE_CHECKING:
    from ndmem.model.columns import Bools, Int32s, Int64s
    from ndmem.model.trace import Trace


_THINNEST = 100
"""The part of the peak, as its denominator, that a line must own for a layer that can be seen."""


@dataclass(frozen=True, slots=True)
class Layer:
    """The live bytes that one line made, over time.

    Attributes
    ----------
    filename, lineno : str and int, or None
        The line; ``None`` for all other arrays, and for those too small to be events.
    nbytes : tuple of int
        Live bytes at each time of the timeline.
    """

    filename: str | None
    lineno: int | None
    nbytes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layers:
    """The timeline of a run, in layers.

    Attributes
    ----------
    time_s : tuple of float
        Seconds since tracking started.
    layers : tuple of Layer
        The lines that own most at the peak first; at each time they sum to the live bytes of arrays. One layer alone
        where events were dropped: what was alive then is known, what made it is not.
    native_nbytes : tuple of int or None
        Live bytes of native blocks, but for those of `python_nbytes`; ``None`` where they were not watched.
    python_nbytes : tuple of int or None
        Bytes of the arenas that Python mapped for its own small objects while it was tracked; ``None`` where native
        blocks were not watched, or events were dropped.
    """

    time_s: tuple[float, ...]
    layers: tuple[Layer, ...]
    native_nbytes: tuple[int, ...] | None
    python_nbytes: tuple[int, ...] | None


def timeline_layers(trace: Trace, *, points: int = 2000, lines: int = 6) -> Layers:
    """Divide the timeline of a run among its lines.

    Parameters
    ----------
    trace : Trace
        The run.
    points : int
        At most this many times, those of `timeline`: the highest moment of each interval.
    lines : int
        At most so many lines have a layer of their own.

    Raises
    ------
    TraceError
        If the trace's call tree is damaged.
    """
    moments = timeline_moments(trace, points=points)
    until = np.array([events for events, _ in moments], np.int64)
    points_of = [point for _, point in moments]
    rest = np.array([point.live_nbytes for point in points_of], np.int64)
    layers = []
    if not trace.dropped:
        owner, keys = _find_owners(trace, lines)
        for number, (filename, lineno) in enumerate(keys):
            nbytes = _live_at(trace, owner == number, until)
            rest -= nbytes
            layers.append(Layer(filename, lineno, tuple(nbytes.tolist())))
    native = np.array([point.native_nbytes or 0 for point in points_of], np.int64)
    python = None
    if trace.native is not None and not trace.dropped:
        python = _live_at(trace, _mark_python(trace), until)
        native -= python
    return Layers(
        time_s=tuple(point.time_s for point in points_of),
        layers=(*layers, Layer(None, None, tuple(rest.tolist()))),
        native_nbytes=None if trace.native is None else tuple(native.tolist()),
        python_nbytes=None if python is None else tuple(python.tolist()),
    )


def _mark_python(trace: Trace) -> Bools:
    """Mark the events of arenas for Python's small objects."""
    arenas = [buffer for buffer, library in trace.origins.items() if name_origin(library) == PYTHON_OBJECTS]
    ours = np.zeros(int(trace.events.buffer.max(initial=-1)) + 1, np.bool_)
    ours[arenas] = True
    marked: Bools = ours[trace.events.buffer]
    return marked


def _find_owners(trace: Trace, lines: int) -> tuple[Int32s, list[tuple[str, int]]]:
    """Return for each event the number of the line that made its buffer, -1 for any other, and the lines."""
    tree, events = trace.tree, trace.events
    standing = standing_nodes(trace, mark_user_nodes(trace))
    rows: dict[tuple[str, int], int] = {}
    of_site = np.array([rows.setdefault((site.filename, site.lineno), len(rows)) for site in trace.sites], np.int32)
    row = of_site[tree.site[standing]] if len(tree) else np.empty(0, np.int32)
    at_peak = np.zeros(len(rows), np.int64)
    np.add.at(at_peak, row, nbytes_by_node(trace, Moment.PEAK))
    largest = np.argsort(-at_peak, kind="stable")[:lines].tolist()
    most = [line for line in largest if at_peak[line] * _THINNEST >= trace.peak.nbytes > 0]
    number = np.full(len(rows), -1, np.int32)
    number[most] = np.arange(len(most))
    born = (events.kind == Kind.BORN) & (events.domain == Domain.ARRAY)
    owner = np.full(int(events.buffer.max(initial=-1)) + 1, -1, np.int32)
    owner[events.buffer[born]] = number[row[events.stack[born]]]
    names = list(rows)
    return owner[events.buffer], [names[line] for line in most]


def _live_at(trace: Trace, ours: Bools, until: Int64s) -> Int64s:
    """Return the live bytes of some buffers, given by their events, after so many events."""
    change = np.where(ours, trace.events.nbytes, 0)
    np.negative(change, out=change, where=trace.events.kind == Kind.DIED)
    return np.concatenate([[0], np.cumsum(change)])[until]
