"""Table of the largest arrays at a moment, as text."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ndmem.analysis.file_names import folder_name
from ndmem.analysis.live import LiveBuffer, each_live_buffer, live_arrays, small_nbytes
from ndmem.analysis.moment import nbytes_at
from ndmem.analysis.tables.sources import SourceFiles, source_files
from ndmem.reporting.holder_names import HolderNames
from ndmem.reporting.plain import plain
from ndmem.reporting.sentences.brevity import mask_items
from ndmem.units import format_nbytes

from .block_rows import Row, add_rest, lay_out_largest

if TYPE_CHECKING:
    from rich.table import Table

    from ndmem.analysis.index import TraceIndex
    from ndmem.analysis.moment import Moment
    from ndmem.reporting.paths import FileNames

_SMALL = 10
"""A view of less than this part of its buffer is worth a copy; the number is the denominator."""


def make_buffer_table(
    index: TraceIndex, names: FileNames, *, moment: Moment, limit: int | None, width: int
) -> Table | None:
    """Lay out the largest arrays at a moment; the rows sum to the live bytes.

    At most ``limit`` arrays have a row, the others are summed. ``None`` if no buffer of at least the trace's threshold
    was live.
    """
    columns, sources = live_arrays(index, moment), source_files(index)
    holders = HolderNames(index, names.name)
    if not len(columns.buffer):
        return None

    def describe(buffer: LiveBuffer) -> Row:
        return write_array(buffer, names, sources, holders)

    buffers = each_live_buffer(index, columns)
    table = lay_out_largest(columns, buffers, describe, noun="array", last="held by", limit=limit, width=width)
    if small := small_nbytes(index, moment):
        add_rest(table, small, "unknown arrays: events were dropped" if index.trace.dropped else "smaller arrays")
    add_rest(table, nbytes_at(index.trace, moment), "all", bold=True)
    return table


def write_array(buffer: LiveBuffer, names: FileNames, sources: SourceFiles, holders: HolderNames) -> Row:
    """Write one buffer: the code that allocated it, the place, and its holders."""
    site = buffer.site
    # The items of one container share a row, whatever else holds one of them.
    items = tuple(holder for holder in buffer.holders if mask_items(holder.name) != holder.name)
    others = [holder.name for holder in buffer.holders if holder not in items] if items else []
    return Row(
        buffer.nbytes,
        plain(buffer.allocated_by(sources)),
        names.short_place(site.filename, site.lineno),
        plain(describe_holders(buffer, holders)),
        plain(describe_holders(replace(buffer, holders=items or buffer.holders), holders, many=True)),
        beside=tuple(map(plain, others)),
        folder=folder_name(site.filename),
    )


def describe_holders(buffer: LiveBuffer, names: HolderNames, *, many: bool = False) -> str:
    """Write the names that hold a buffer, grouped by shape and dtype; views are marked as such.

    Parameters
    ----------
    buffer : LiveBuffer
        The buffer.
    names : HolderNames
        How holders are named.
    many : bool
        It stands for several: their names may differ by the number or the key of an item.
    """
    if not buffer.holders:
        return describe_unheld(buffer, names)
    groups: dict[tuple[bool, tuple[int, ...], str, str], list[str]] = {}
    for holder in buffer.holders:
        name = mask_items(holder.name) if many else holder.name
        groups.setdefault((holder.is_view, holder.shape, holder.dtype, names.spell_scope(holder)), []).append(name)
    texts = []
    for (is_view, shape, dtype, scope), held in groups.items():
        once = dict.fromkeys(held)
        view = _write_view(_view_nbytes(shape, dtype), buffer.nbytes, len(once), many=many) if is_view else ""
        texts.append(f"{', '.join(once)}{_end_scope(scope)} {shape} {dtype}{view}")
    return "; ".join(texts)


def describe_unheld(buffer: LiveBuffer, names: HolderNames, *, shape: bool = True) -> str:
    """Write what is known of a buffer that no search found a holder of at the moment.

    Parameters
    ----------
    buffer, names
        As for `describe_holders`.
    shape : bool
        With shape and dtype, if they are known.
    """
    array = buffer.array if shape else None
    likely = " probably" if buffer.is_form_likely else ""
    text = "" if array is None else f"{likely} {array.shape} {array.dtype}"
    if buffer.temporary:
        return f"temporary{text}"
    if buffer.former:
        former = buffer.former[0]
        return f"was {former.name}{_end_scope(names.spell_scope(former))}{text}"
    if buffer.target is not None:
        target = f"assigned to {buffer.target.name}" if buffer.target.name else f"returned by {buffer.target.function}"
        return f"{target}{text}"
    return f"holder unknown{text}"


def _end_scope(scope: str) -> str:
    return f"{scope}," if scope else ""


def _view_nbytes(shape: tuple[int, ...], dtype: str) -> int | None:
    """Return the bytes of a view; ``None`` if its dtype is known by name only."""
    try:
        return math.prod(shape) * np.dtype(dtype).itemsize
    except (TypeError, ValueError, SyntaxError):  # NumPy reads only some of what it writes
        return None


def _write_view(nbytes: int | None, whole: int, count: int, *, many: bool) -> str:
    """Say that a view keeps a buffer; a small one with its bytes."""
    if nbytes is None or nbytes * _SMALL > whole:
        return " is a view of it" if count == 1 else " are views of it"
    size = format_nbytes(nbytes)
    if many:
        return f", each kept by a view of {size}"
    return f", a view of {size}, keeps it" if count == 1 else f", views of {size}, keep it"
