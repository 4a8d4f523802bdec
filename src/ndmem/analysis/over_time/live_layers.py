"""Layers of the timeline of a program that still runs: the highest moments so far, divided among lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ndmem.analysis.call_tree.frames import standing_nodes
from ndmem.analysis.domains import of_domain
from ndmem.model.columns import Domain
from ndmem.model.moments import LiveMoment

from .layers import Layer, Layers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ndmem.analysis.index import TraceIndex
    from ndmem.model.columns import Int64s

_THINNEST = 100
"""A line gets a layer if it has this part of the highest moment; the number is its denominator."""


def live_layers(
    index: TraceIndex, moments: Sequence[LiveMoment], *, known: Sequence[tuple[str, int]] = (), lines: int = 6
) -> Layers:
    """Divide the moments of a running program among its lines.

    Parameters
    ----------
    index : TraceIndex
        The program now.
    moments : sequence of LiveMoment
        The highest moments until now, in order.
    known : sequence of (str, int)
        Lines that had the layers before, in their order: one that still has a layer keeps its place, and so its colour.
    lines : int
        At most this many lines have a layer of their own: those that were highest at any moment.

    Returns
    -------
    Layers
        From the start until now; at each time the layers sum to the live bytes of arrays. Native blocks are one layer.
    """
    trace = index.trace
    now_ns = int(trace.run.duration_s * 1e9)
    every = (*(moment for moment in moments if moment.time_ns <= now_ns), _present(index, now_ns))
    keys, row = _number_lines(index)
    nbytes = np.zeros((len(every), len(keys)), np.int64)
    for place, moment in enumerate(every):
        sane = (moment.node >= 0) & (moment.node < len(row))
        np.add.at(nbytes[place], row[moment.node[sane]], moment.nbytes[sane])
    chosen = _choose(nbytes, keys, known, lines)
    live = np.array([moment.live for moment in every], np.int64)
    layers = [Layer(*keys[line], tuple(np.append(0, np.minimum(nbytes[:, line], live)).tolist())) for line in chosen]
    rest = np.maximum(live - nbytes[:, chosen].sum(axis=1), 0)
    return Layers(
        time_s=(0.0, *(moment.time_ns / 1e9 for moment in every)),
        layers=(*layers, Layer(None, None, (0, *rest.tolist()))),
        foreign_nbytes=None,
        native_nbytes=None if trace.native is None else (0, *(max(moment.native, 0) for moment in every)),
        python_nbytes=None,
    )


def _present(index: TraceIndex, now_ns: int) -> LiveMoment:
    """Return what is live now, with the buffers that are only counted."""
    trace = index.trace
    live = of_domain(trace, trace.tallies.live, Domain.ARRAY)
    node = np.flatnonzero(live > 0)
    return LiveMoment(now_ns, trace.live_nbytes, trace.native_live_nbytes or 0, node.astype(np.int32), live[node])


def _number_lines(index: TraceIndex) -> tuple[list[tuple[str, int]], Int64s]:
    """Return the lines of the program, and the number of the line that stands for each node."""
    trace = index.trace
    rows: dict[tuple[str, int], int] = {}
    of_site = np.array([rows.setdefault((site.filename, site.lineno), len(rows)) for site in trace.sites], np.int64)
    return list(rows), of_site[trace.tree.site[standing_nodes(index)]] if len(trace.tree) else np.empty(0, np.int64)


def _choose(nbytes: Int64s, keys: Sequence[tuple[str, int]], known: Sequence[tuple[str, int]], lines: int) -> list[int]:
    """Return the lines that get layers: those known before at their places, new ones in the places that are free."""
    highest = nbytes.max(axis=0, initial=0)
    least = int(nbytes.sum(axis=1).max(initial=0)) / _THINNEST
    most = [line for line in np.argsort(-highest, kind="stable")[:lines].tolist() if highest[line] >= max(least, 1)]
    number = {key: line for line, key in enumerate(keys)}
    places = [number[key] if number.get(key, -1) in most else None for key in known[:lines]]
    new = iter([line for line in most if line not in places])
    filled = [next(new, None) if place is None else place for place in places]
    return [*(line for line in filled if line is not None), *new]
