"""Data of the arrays over time: bands for a chart, and spans for any range of the timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ndmem.analysis.call_tree.frames import standing_nodes
from ndmem.analysis.call_tree.icicle import build_icicle
from ndmem.analysis.held import holders_by_buffer
from ndmem.analysis.over_time.bands import largest_arrays, stack_bands
from ndmem.analysis.over_time.spans import group_spans, locate_moments
from ndmem.analysis.tables.expression import expression_text
from ndmem.analysis.tables.sources import source_files
from ndmem.reporting.holder_names import HolderNames
from ndmem.reporting.html.page_bounds import LABEL
from ndmem.reporting.plain import plain
from ndmem.reporting.sentences.brevity import shorten

from .icicles import TREES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ndmem.analysis.index import TraceIndex
    from ndmem.analysis.over_time.bands import Steps
    from ndmem.analysis.over_time.lifetimes import Lifetimes
    from ndmem.model.columns import Int32s
    from ndmem.model.holder import Holder
    from ndmem.model.site import Site
    from ndmem.reporting.html.page_bounds import Limits
    from ndmem.reporting.paths import FileNames

    Line = tuple[str, int]
    _Source = tuple[str, int, str | None]

_NANO = 1_000_000_000


def draw_lifetimes(
    index: TraceIndex,
    names: FileNames,
    *,
    limits: Limits,
    colours: Mapping[Line, int],
    rows: Mapping[Line, int],
) -> dict[str, Any] | None:
    """Return the data of the arrays over time; ``None`` if events were dropped.

    ``colours`` has the number of the layer of each line that has one, ``anchors`` the id on the page.
    """
    lives = largest_arrays(index, limit=limits.lifetimes)
    spans = group_spans(index, points=limits.points, limit=limits.spans)
    if lives is None or spans is None:
        return None
    nodes, stack = np.unique(spans.node, return_inverse=True)
    sources = source_files(index)
    # Each text once: a thousand arrays often have few shapes, and come from few lines.
    lines: dict[_Source, int] = {}
    kinds: dict[tuple[str, str], int] = {}
    line_of = [
        lines.setdefault((site.filename, site.lineno, expression_text(sources, site)), len(lines))
        for site in _standing_sites(index, lives.node)
    ]
    arrays = _describe_arrays(index, names, lives, kinds, points=limits.points)
    bands = lives.at(np.arange(min(limits.bands, len(lives))))
    return {
        "lines": [
            {
                "place": names.place(filename, lineno),
                "text": shorten(plain(expression or sources.line(filename, lineno) or ""), LABEL),
                "colour": colours.get((filename, lineno), -1),
                "row": rows.get((filename, lineno), -1),
            }
            for filename, lineno, expression in lines
        ],
        "kinds": [*kinds],
        "stacks": {
            "row": [rows.get((site.filename, site.lineno), -1) for site in _standing_sites(index, nodes)],
            **{
                name: build_icicle(index, library=library, inverted=inverted, limit=limits.nodes).place[nodes].tolist()
                for name, (library, inverted) in TREES.items()
            },
        },
        "spans": {
            "stack": stack.tolist(),
            "first": spans.first.tolist(),
            "last": spans.last.tolist(),
            "nbytes": spans.nbytes.tolist(),
            "count": spans.count.tolist(),
        },
        "arrays": {"line": line_of, **arrays},
        "steps": [_flatten(steps) for steps in stack_bands(bands)],
    }


def _standing_sites(index: TraceIndex, nodes: Int32s) -> list[Site]:
    """Return the site that stands for the stack of each node."""
    trace = index.trace
    return [trace.sites[site] for site in trace.tree.site[standing_nodes(index)[nodes]].tolist()]


def _describe_arrays(
    index: TraceIndex, file_names: FileNames, lives: Lifetimes, kinds: dict[tuple[str, str], int], *, points: int
) -> dict[str, Any]:
    """Return the facts on each array, as columns; ``kinds`` gets the number of each shape with its dtype."""
    first, last = locate_moments(index, lives, points=points)
    holders, names = _find_holders(index), HolderNames(index, file_names.name)
    held = [holders.get(buffer, ()) for buffer in lives.buffer.tolist()]
    forms = map(index.trace.forms.get, lives.buffer.tolist())
    seen = [next(iter(every), form) for every, form in zip(held, forms, strict=True)]
    return {
        "nbytes": lives.nbytes.tolist(),
        "name": [
            plain(shorten(", ".join(dict.fromkeys(map(names.spell, every))), LABEL)) if every else "?" for every in held
        ],
        "kind": [
            kinds.setdefault((str(array.shape), plain(array.dtype)) if array else ("?", "?"), len(kinds))
            for array in seen
        ],
        "born": [_seconds(time_ns) for time_ns in lives.born_ns.tolist()],
        "died": [
            _seconds(time_ns) if freed else None
            for time_ns, freed in zip(lives.died_ns.tolist(), lives.freed.tolist(), strict=True)
        ],
        "first": first.tolist(),
        "last": last.tolist(),
    }


def _find_holders(index: TraceIndex) -> dict[int, tuple[Holder, ...]]:
    """Return the holders of each array that were found at the peak, else the last ones."""
    at_peak = holders_by_buffer(index, index.trace.peak.events)
    at_end = holders_by_buffer(index, len(index.trace.events))
    return {
        buffer: (at_peak[buffer].holders if buffer in at_peak else ()) or found.holders or found.former
        for buffer, found in at_end.items()
    }


def _flatten(steps: Steps) -> list[float]:
    """Return the first bottom of a band, then time and bottom of each move: its first time is that of the array."""
    (_, first), *moves = steps
    return [first, *(value for time_ns, nbytes in moves for value in (_seconds(time_ns), nbytes))]


def _seconds(time_ns: int) -> float:
    return round(time_ns / _NANO, 4)  # the clock's tick is 1 to 4 ms
