"""The data of the charts, as small as they can be; the page's script makes Plotly's figures of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ndmem.analysis.icicle import build_icicle
from ndmem.analysis.layers import timeline_layers
from ndmem.analysis.measure import Measure
from ndmem.analysis.sources import SourceFiles
from ndmem.analysis.timeline import resident_timeline
from ndmem.reporting.plain import plain
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from ndmem.analysis.icicle import Icicle
    from ndmem.analysis.layers import Layers
    from ndmem.model.trace import Trace
    from ndmem.reporting.paths import FileNames

_LONGEST = 100
"""Characters of source text in a label."""


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """A line of the table that says what the timeline shows.

    Attributes
    ----------
    name : str
        The layer.
    peak_nbytes : int
        What it had at the peak of arrays.
    highest_nbytes : int
        Its own highest, of the moments that are drawn.
    """

    name: str
    peak_nbytes: int | None
    highest_nbytes: int


def draw_timeline(trace: Trace, names: FileNames, *, points: int) -> tuple[dict[str, Any], list[TimelineRow]]:
    """Return the data of the timeline in at most so many points, and the same as rows of a table."""
    found, sources = timeline_layers(trace, points=points), SourceFiles(trace.sources)
    layers = [
        {"name": _name_layer(layer.filename, layer.lineno, names, sources), "nbytes": layer.nbytes}
        for layer in found.layers
    ]
    resident = resident_timeline(trace, points=points)
    at = _find_peak(found)
    data = {
        "time": [round(time, 6) for time in found.time_s],
        "layers": layers,
        "native": found.native_nbytes,
        "rss": {"time": [round(point.time_s, 6) for point in resident], "nbytes": [point.nbytes for point in resident]},
        "peak": None if at is None else {"time": found.time_s[at], "nbytes": trace.peak.nbytes},
    }
    rows = [
        TimelineRow(name, None if at is None else nbytes[at], max(nbytes, default=0))
        for name, nbytes in [
            *((str(layer["name"]), found.layers[number].nbytes) for number, layer in enumerate(layers)),
            *([] if found.native_nbytes is None else [("native blocks", found.native_nbytes)]),
        ]
    ]
    if resident:
        rows.append(TimelineRow("resident memory (RSS)", None, max(point.nbytes for point in resident)))
    return data, rows


def _find_peak(found: Layers) -> int | None:
    """Return the number of the point at which arrays were highest; ``None`` if there were none."""
    live = [sum(at) for at in zip(*(layer.nbytes for layer in found.layers), strict=True)]
    return live.index(max(live)) if any(live) else None


def _name_layer(filename: str | None, lineno: int | None, names: FileNames, sources: SourceFiles) -> str:
    if filename is None:
        return "other arrays"
    text = sources.line(filename, lineno or 0)
    return _cut(f"{names.short_place(filename, lineno)} {plain(text) if text else ''}".rstrip())


def draw_icicles(trace: Trace, names: FileNames, *, nodes: int) -> dict[str, Any]:
    """Return the data of the pictures of call stacks: both directions, with and without the frames of libraries."""
    keys: dict[tuple[str, int, str], int] = {}
    trees = {
        f"{'inverted' if inverted else 'callers'}{'-library' if library else ''}": _write_tree(
            build_icicle(trace, library=library, inverted=inverted, limit=nodes), keys
        )
        for library in (False, True)
        for inverted in (False, True)
    }
    sources = SourceFiles(trace.sources)
    labels = [
        [
            plain(function),
            names.place(filename, lineno),
            _cut(plain(sources.line(filename, lineno) or "")),
        ]
        for filename, lineno, function in keys
    ]
    return {"labels": labels, "trees": trees}


def _write_tree(icicle: Icicle, keys: dict[tuple[str, int, str], int]) -> dict[str, Any]:
    return {
        "parent": icicle.parent.tolist(),
        "label": [keys.setdefault(key, len(keys)) for key in icicle.keys],
        "nbytes": {measure.value: icicle.nbytes[measure].tolist() for measure in Measure},
        "total": {measure.value: icicle.total[measure] for measure in Measure},
    }


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


@dataclass(frozen=True, slots=True)
class Branch:
    """A node of the tree that stands beside the picture as text.

    Attributes
    ----------
    text, place : str
        Function and place.
    nbytes : int
        Bytes alive at the peak, with all below.
    share : str
        Their part of the peak.
    branches : list of Branch
        What it called, most bytes first.
    """

    text: str
    place: str
    nbytes: int
    share: str
    branches: list[Branch]


def grow_branches(trace: Trace, names: FileNames, *, smallest: int = 100) -> list[Branch]:
    """Return the call tree of the peak as text: nodes that have at least a part of it, given as its denominator."""
    icicle = build_icicle(trace, limit=300)
    total = icicle.total[Measure.PEAK]
    tops: list[Branch] = []
    branches: list[Branch] = []
    for (filename, lineno, function), parent, nbytes in zip(
        icicle.keys, icicle.parent.tolist(), icicle.nbytes[Measure.PEAK].tolist(), strict=True
    ):
        branch = Branch(plain(function), names.place(filename, lineno), nbytes, f"{nbytes / max(total, 1):.0%}", [])
        branches.append(branch)
        if nbytes * smallest >= total and nbytes:
            (branches[parent].branches if parent >= 0 else tops).append(branch)
    for branch in branches:
        branch.branches.sort(key=lambda each: -each.nbytes)
    return sorted(tops, key=lambda each: -each.nbytes)


def describe_nbytes(nbytes: int | None) -> str:
    """Write bytes for a cell: a dash for none, ``?`` for what is not known."""
    return "?" if nbytes is None else format_nbytes(nbytes) if nbytes else "-"
