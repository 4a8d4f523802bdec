"""Rows of the page's tables of live arrays."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from ndmem.analysis.live import each_live_buffer, live_arrays, small_nbytes
from ndmem.analysis.moment import nbytes_at
from ndmem.analysis.tables.sources import SourceFiles, source_files
from ndmem.model.columns import Domain
from ndmem.reporting.holder_names import HolderNames
from ndmem.reporting.plain import plain
from ndmem.reporting.sentences.mapped import name_mapped
from ndmem.reporting.text.tables.arrays import describe_unheld
from ndmem.reporting.thread_words import name_thread
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ndmem.analysis.index import TraceIndex
    from ndmem.analysis.live import LiveBuffer, LiveColumns
    from ndmem.analysis.moment import Moment
    from ndmem.model.holder import Holder
    from ndmem.reporting.paths import FileNames


@dataclass(frozen=True, slots=True)
class ArrayRow:
    """One live buffer, as text except for its bytes.

    Attributes
    ----------
    nbytes : int
        Its bytes.
    shape, dtype, name : str
        Shape, dtype and names of the array object that holds it; ``?`` if none was found. Without a holder, shape and
        dtype are those of the last one before.
    role : str
        Role of the holder: owner, or view with the bytes it keeps alive. Without one what else is known.
    place, source : str
        Line that allocated it, and the expression.
    anchor : str
        Id of that line on the page; empty if it has none.
    thread : str
        Name of the thread that allocated it.
    """

    nbytes: int
    shape: str
    dtype: str
    name: str
    role: str
    place: str
    source: str
    anchor: str
    thread: str


@dataclass(frozen=True, slots=True)
class ArrayTable:
    """Table of the arrays live at a moment.

    Attributes
    ----------
    rows : tuple of ArrayRow
        Largest first.
    other_count, other_nbytes : int
        Number and bytes of the arrays that are not in the rows.
    small_nbytes : int
        Bytes of arrays that are not events.
    nbytes : int
        Bytes of all arrays.
    """

    rows: tuple[ArrayRow, ...]
    other_count: int
    other_nbytes: int
    small_nbytes: int
    nbytes: int


def list_arrays(
    index: TraceIndex, names: FileNames, moment: Moment, anchors: dict[tuple[str, int], str], *, most: int
) -> ArrayTable:
    """List the arrays live at a moment: at most ``most`` rows, the largest, and the sum of the others.

    ``anchors`` has the id on the page of each line that has one.
    """
    table = list_buffers(index, live_arrays(index, moment), names, anchors, most=most)
    return replace(table, small_nbytes=small_nbytes(index, moment), nbytes=nbytes_at(index.trace, moment))


def list_buffers(
    index: TraceIndex, columns: LiveColumns, names: FileNames, anchors: dict[tuple[str, int], str], *, most: int
) -> ArrayTable:
    """List some buffers, as `list_arrays` lists those of arrays."""
    sources, holders = source_files(index), HolderNames(index, names.name)
    shown = tuple(
        _describe_buffer(buffer, names, holders, sources, anchors, index.trace.threads)
        for buffer in islice(each_live_buffer(index, columns), most)
    )
    return ArrayTable(
        rows=shown,
        other_count=len(columns.buffer) - len(shown),
        other_nbytes=int(columns.nbytes.sum()) - sum(row.nbytes for row in shown),
        small_nbytes=0,
        nbytes=int(columns.nbytes.sum()),
    )


def _describe_buffer(
    buffer: LiveBuffer,
    names: FileNames,
    holders: HolderNames,
    sources: SourceFiles,
    anchors: dict[tuple[str, int], str],
    threads: Mapping[int, str],
) -> ArrayRow:
    site, holder, array = buffer.site, buffer.holder, buffer.array
    return ArrayRow(
        nbytes=buffer.nbytes,
        shape=f"{'probably ' if buffer.is_form_likely else ''}{array.shape}" if array else "?",
        dtype=plain(array.dtype) if array else "?",
        name=plain(", ".join(dict.fromkeys(map(holders.spell, buffer.holders)))) if holder else "?",
        role=_name_role(buffer, holder, holders),
        place=names.place(site.filename, site.lineno),
        source=plain(buffer.allocated_by(sources)),
        anchor=anchors.get((site.filename, site.lineno), ""),
        thread=plain(name_thread(buffer.thread, threads.get(buffer.thread))),
    )


def _name_role(buffer: LiveBuffer, holder: Holder | None, names: HolderNames) -> str:
    """Return the role of a buffer's holder, and how much a view keeps alive."""
    if buffer.kind is Domain.MAPPED:
        return plain(name_mapped(buffer.origin or ""))
    if holder is None:
        return plain(describe_unheld(buffer, names, shape=False))
    if buffer.kind is Domain.FOREIGN:
        return "over other memory"
    if not holder.is_view:
        return "owner"
    seen = _nbytes_of(holder)
    if seen is None or seen >= buffer.nbytes:
        return "view"
    return f"view of {format_nbytes(seen)} that keeps {format_nbytes(buffer.nbytes)} alive"


def _nbytes_of(holder: Holder) -> int | None:
    """Return the bytes of an array's elements; ``None`` for a dtype that this NumPy does not have."""
    import numpy as np  # imported here: only views need its dtypes

    try:
        return math.prod(holder.shape) * np.dtype(holder.dtype).itemsize
    except (TypeError, ValueError, SyntaxError):
        return None
