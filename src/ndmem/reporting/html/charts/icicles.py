"""Data of the icicle charts of call stacks, and the peak as a tree of text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ndmem.analysis.call_tree.icicle import build_icicle
from ndmem.analysis.measure import Measure
from ndmem.analysis.tables.sources import source_files
from ndmem.reporting.html.page_bounds import LABEL
from ndmem.reporting.plain import plain
from ndmem.reporting.sentences.brevity import shorten

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ndmem.analysis.call_tree.icicle import Icicle
    from ndmem.analysis.index import TraceIndex
    from ndmem.reporting.paths import FileNames


TREES = {
    f"{'inverted' if inverted else 'callers'}{'-library' if library else ''}": (library, inverted)
    for library in (False, True)
    for inverted in (False, True)
}
"""Charts by name: whether they have the frames of libraries, and whether the allocating lines are at the top."""


def draw_icicles(
    index: TraceIndex, names: FileNames, *, nodes: int, colours: Mapping[tuple[str, int], int]
) -> dict[str, Any]:
    """Return the data of the icicle charts: both directions, with and without the frames of libraries.

    ``colours`` has the number of the timeline's layer of each line that has one.
    """
    keys: dict[tuple[str, int, str], int] = {}
    trees = {
        name: _write_tree(build_icicle(index, library=library, inverted=inverted, limit=nodes), keys)
        for name, (library, inverted) in TREES.items()
    }
    sources = source_files(index)
    labels = [
        [
            plain(function),
            names.place(filename, lineno),
            shorten(plain(sources.line(filename, lineno) or ""), LABEL),
            colours.get((filename, lineno), -1),
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


@dataclass(frozen=True, slots=True)
class Branch:
    """Node of the tree of text below the chart.

    Attributes
    ----------
    text, place : str
        Its function and place.
    nbytes : int
        Bytes live at the peak of this node and all below.
    share : str
        Their part of the peak.
    branches : list of Branch
        Its calls, most bytes first.
    """

    text: str
    place: str
    nbytes: int
    share: str
    branches: list[Branch]


def grow_branches(index: TraceIndex, names: FileNames, *, smallest: int = 100) -> list[Branch]:
    """Return the call tree of the peak: nodes that have at least 1/``smallest`` of it."""
    icicle = build_icicle(index, limit=300)
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
