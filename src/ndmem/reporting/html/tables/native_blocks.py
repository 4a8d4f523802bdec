"""Rows of the page's tables of native blocks."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from ndmem.analysis.answer.total import live_native
from ndmem.analysis.background import Background, find_background
from ndmem.analysis.live import each_live_buffer
from ndmem.analysis.origin import OUTSIDE_PYTHON
from ndmem.analysis.tables.sources import source_files
from ndmem.reporting.holder_names import HolderNames
from ndmem.reporting.plain import plain

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex
    from ndmem.analysis.live import LiveBuffer
    from ndmem.analysis.moment import Moment
    from ndmem.analysis.tables.sources import SourceFiles
    from ndmem.reporting.paths import FileNames

_COMPARED = 10_000
"""The largest blocks, which are joined to rows; the others are summed."""


@dataclass(frozen=True, slots=True)
class NativeRow:
    """Native blocks of one kind that the same code allocated.

    Attributes
    ----------
    nbytes, count : int
        Their bytes together, and their number.
    kind : str
        Purpose of the blocks, or the array that consists of one; empty if it is unknown.
    place, source : str
        Line that allocated them, and the expression; empty for blocks that are not the program's own.
    anchor : str
        Id of that line on the page; empty if it has none.
    """

    nbytes: int
    count: int
    kind: str
    place: str
    source: str
    anchor: str


@dataclass(frozen=True, slots=True)
class NativeTable:
    """Table of the native blocks live at a moment.

    Attributes
    ----------
    rows : tuple of NativeRow
        Most bytes first.
    other_count, other_nbytes : int
        Number and bytes of the blocks that are not in the rows.
    nbytes : int
        Bytes of all blocks.
    """

    rows: tuple[NativeRow, ...]
    other_count: int
    other_nbytes: int
    nbytes: int


def list_native(
    index: TraceIndex, names: FileNames, moment: Moment, anchors: dict[tuple[str, int], str], *, most: int
) -> NativeTable:
    """List the native blocks live at the total peak or at the end, at most ``most`` rows; the others are summed."""
    columns, sources = live_native(index, moment), source_files(index)
    kinds = find_background(index, columns).tolist()
    holders = HolderNames(index, names.name)
    sums: dict[tuple[str, str, str, str], tuple[int, int]] = {}
    for block, kind in zip(islice(each_live_buffer(index, columns), _COMPARED), kinds, strict=False):
        key = _describe_block(block, Background(kind), names, holders, sources, anchors)
        nbytes, count = sums.get(key, (0, 0))
        sums[key] = nbytes + block.nbytes, count + 1
    rows = sorted(
        (NativeRow(nbytes, count, *key) for key, (nbytes, count) in sums.items()), key=lambda row: -row.nbytes
    )
    shown, nbytes = tuple(rows[:most]), int(columns.nbytes.sum())
    return NativeTable(
        rows=shown,
        other_count=len(columns.buffer) - sum(row.count for row in shown),
        other_nbytes=nbytes - sum(row.nbytes for row in shown),
        nbytes=nbytes,
    )


def _describe_block(
    block: LiveBuffer,
    kind: Background,
    names: FileNames,
    holders: HolderNames,
    sources: SourceFiles,
    anchors: dict[tuple[str, int], str],
) -> tuple[str, str, str, str]:
    """Return the kind of a block, and the place, the expression and the anchor of the line that allocated it."""
    if kind is not Background.NONE:
        return kind.text, "", "", ""
    held = ", ".join(dict.fromkeys(map(holders.spell, block.holders)))
    use = f"array {plain(held)}" if held else plain(block.origin or ("temporary" if block.temporary else ""))
    site = block.site
    if not site.filename:
        return use, OUTSIDE_PYTHON, "", ""
    place = site.filename, site.lineno
    return use, names.place(*place), plain(block.allocated_by(sources)), anchors.get(place, "")
