"""The rows of the tables of live arrays."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from ndmem.analysis.live import each_live_buffer, find_live, small_nbytes
from ndmem.analysis.moment import events_until, nbytes_at
from ndmem.analysis.sources import SourceFiles
from ndmem.reporting.plain import plain
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from ndmem.analysis.live import LiveBuffer
    from ndmem.analysis.moment import Moment
    from ndmem.model.holder import Holder
    from ndmem.model.trace import Trace
    from ndmem.reporting.paths import FileNames


@dataclass(frozen=True, slots=True)
class ArrayRow:
    """One live buffer, as text but for its bytes.

    Attributes
    ----------
    nbytes : int
        Its bytes.
    shape, dtype, name : str
        Of the array object that holds it; ``?`` where none was found.
    role : str
        What it is for the name: owner, view with what it keeps alive, or a temporary.
    place, source : str
        Where it was born, and the expression.
    anchor : str
        The name of that line on the page.
    """

    nbytes: int
    shape: str
    dtype: str
    name: str
    role: str
    place: str
    source: str
    anchor: str


@dataclass(frozen=True, slots=True)
class ArrayTable:
    """The arrays alive at a moment.

    Attributes
    ----------
    rows : tuple of ArrayRow
        Largest first.
    other_count, other_nbytes : int
        Arrays beyond the rows.
    small_nbytes : int
        Bytes of arrays that are not events.
    nbytes : int
        Bytes of all.
    """

    rows: tuple[ArrayRow, ...]
    other_count: int
    other_nbytes: int
    small_nbytes: int
    nbytes: int


def list_arrays(
    trace: Trace, names: FileNames, moment: Moment, anchors: dict[tuple[str, int], str], *, most: int
) -> ArrayTable:
    """List the arrays alive at a moment.

    Parameters
    ----------
    trace : Trace
        The run.
    names : FileNames
        How files are named.
    moment : Moment
        The peak or the end.
    anchors : dict
        The name on the page of each line that has one.
    most : int
        Rows at most: the largest; the others are summed up.
    """
    columns, sources = find_live(trace, until=events_until(trace, moment)), SourceFiles(trace.sources)
    shown = tuple(
        _describe(buffer, names, sources, anchors) for buffer in islice(each_live_buffer(trace, columns), most)
    )
    return ArrayTable(
        rows=shown,
        other_count=len(columns.buffer) - len(shown),
        other_nbytes=int(columns.nbytes.sum()) - sum(row.nbytes for row in shown),
        small_nbytes=small_nbytes(trace, moment, columns=columns),
        nbytes=nbytes_at(trace, moment),
    )


def _describe(
    buffer: LiveBuffer, names: FileNames, sources: SourceFiles, anchors: dict[tuple[str, int], str]
) -> ArrayRow:
    site, holder = buffer.site, buffer.holder
    return ArrayRow(
        nbytes=buffer.nbytes,
        shape=str(holder.shape) if holder else "?",
        dtype=plain(holder.dtype) if holder else "?",
        name=plain(", ".join(dict.fromkeys(each.name for each in buffer.holders))) if holder else "?",
        role=_say_role(buffer, holder),
        place=names.place(site.filename, site.lineno),
        source=plain(buffer.made_by(sources)),
        anchor=anchors.get((site.filename, site.lineno), ""),
    )


def _say_role(buffer: LiveBuffer, holder: Holder | None) -> str:
    """Say what holds a buffer, and what a view keeps alive."""
    if holder is None:
        return "temporary" if buffer.temporary else "no name found"
    if not holder.is_view:
        return "owner"
    seen = _nbytes_of(holder)
    if seen is None or seen >= buffer.nbytes:
        return "view"
    return f"view of {format_nbytes(seen)} that keeps {format_nbytes(buffer.nbytes)} alive"


def _nbytes_of(holder: Holder) -> int | None:
    """Return the bytes that an array shows; ``None`` for a dtype that is not known here."""
    import numpy as np  # noqa: PLC0415  # only for its dtypes

    try:
        return math.prod(holder.shape) * np.dtype(holder.dtype).itemsize
    except (TypeError, ValueError, SyntaxError):
        return None
