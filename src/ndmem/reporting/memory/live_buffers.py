"""Live array buffers, largest first: as lines of text, and as an HTML table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.notebook_cells import name_cell
from ndmem.reporting.html.fragment import Column, write_fragment, write_table
from ndmem.reporting.relative_path import shorten_path
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.model.memory.live import ArrayBuffer, LiveArrays

_MOST_ROWS = 25
_SMALL = 1000
"""Buffers of less than this part of all bytes have no row; the number is the denominator."""

_MOST_NAMES = 3
_COLUMNS = (
    ("nbytes", Column.FIGURE),
    ("array", Column.TEXT),
    ("held by", Column.CODE),
    ("allocated at", Column.TEXT),
    ("", Column.TEXT),
)


def count_buffers(arrays: LiveArrays) -> str:
    """Write how many buffers there are, and their bytes."""
    return f"{len(arrays):,} array buffer{'' if len(arrays) == 1 else 's'}, {format_nbytes(arrays.nbytes)}"


def list_buffers(arrays: LiveArrays) -> str:
    """Write how many buffers there are, a line for each of the largest, and what was not seen."""
    shown = _choose(arrays)
    lines = [count_buffers(arrays), *map(describe_buffer, shown)]
    nbytes, count = arrays.nbytes - sum(buffer.nbytes for buffer in shown), len(arrays) - len(shown)
    if count:
        lines.append(f"{format_nbytes(nbytes):>9}  {_count_smaller(count)}")
    return "\n".join([*lines, *arrays.notes])


def tabulate_buffers(arrays: LiveArrays) -> str:
    """Write the same as HTML, for notebooks. Columns that would be empty are left out."""
    shown = _choose(arrays)
    rows = [
        (
            format_nbytes(buffer.nbytes),
            describe_array(buffer),
            list_names(buffer),
            "" if buffer.site is None else f"{shorten_path(name_cell(buffer.site.filename))}:{buffer.site.lineno}",
            "; ".join(_remark(buffer)),
        )
        for buffer in shown
    ]
    nbytes, count = arrays.nbytes - sum(buffer.nbytes for buffer in shown), len(arrays) - len(shown)
    if count:
        rows.append((format_nbytes(nbytes), _count_smaller(count), "", "", ""))
    used = [i for i in range(len(_COLUMNS)) if any(row[i] for row in rows)]
    table = write_table([_COLUMNS[i] for i in used], [[row[i] for i in used] for row in rows])
    return write_fragment(table, headline=[f"{count_buffers(arrays)}."], remarks=arrays.notes)


def describe_buffer(buffer: ArrayBuffer) -> str:
    """Write one line about a buffer: bytes, array, names, and the line that allocated it."""
    array = f"{buffer.dtype} {buffer.shape} {buffer.order}  {list_names(buffer)}"
    line = f"{format_nbytes(buffer.nbytes):>9}  {array if buffer.shape is not None else 'holder not found from Python'}"
    line = "; ".join([line, *_remark(buffer)])
    if buffer.site is not None:
        line += f"; allocated at {name_cell(buffer.site.filename)}:{buffer.site.lineno} in {buffer.site.function}"
    return line


def describe_array(buffer: ArrayBuffer) -> str:
    """Write the dtype and shape of the array that has a buffer."""
    return "unknown" if buffer.shape is None else f"{buffer.dtype} {buffer.shape}"


def list_names(buffer: ArrayBuffer) -> str:
    """Write the first names that lead to a buffer."""
    names = ", ".join(buffer.names[:_MOST_NAMES]) or "(holder unknown)"
    more = len(buffer.names) - _MOST_NAMES
    return f"{names} and {more} more" if more > 0 else names


def _remark(buffer: ArrayBuffer) -> Iterator[str]:
    if buffer.n_views:
        yield f"{buffer.n_views} view{'' if buffer.n_views == 1 else 's'}"
    if buffer.pinned and buffer.span is not None:
        yield f"pins {format_nbytes(buffer.pinned)} beyond the {format_nbytes(buffer.span)} in view"
    if buffer.history:
        yield "kept only by the output history"


def _count_smaller(count: int) -> str:
    return f"in {count:,} smaller buffer{'' if count == 1 else 's'}"


def _choose(arrays: LiveArrays) -> tuple[ArrayBuffer, ...]:
    """Return the buffers that have a row: libraries hold dozens of a few bytes."""
    return tuple(buffer for buffer in arrays.buffers[:_MOST_ROWS] if buffer.nbytes * _SMALL >= arrays.nbytes)
