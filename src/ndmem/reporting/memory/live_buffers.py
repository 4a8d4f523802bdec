"""Live array buffers as lines of text, largest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.notebook_cells import name_cell
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from ndmem.model.memory.live import ArrayBuffer, LiveArrays

_MOST_ROWS = 25
_MOST_NAMES = 3


def list_buffers(arrays: LiveArrays) -> str:
    """Write how many buffers there are, a line for each of the largest, and what was not seen."""
    lines = [f"{len(arrays)} array buffers, {format_nbytes(arrays.nbytes)}"]
    lines += [describe_buffer(buffer) for buffer in arrays.buffers[:_MOST_ROWS]]
    if len(arrays) > _MOST_ROWS:
        rest = sum(buffer.nbytes for buffer in arrays.buffers[_MOST_ROWS:])
        lines.append(f"{format_nbytes(rest):>9}  in {len(arrays) - _MOST_ROWS} smaller buffers")
    return "\n".join([*lines, *arrays.notes])


def describe_buffer(buffer: ArrayBuffer) -> str:
    """Write one line about a buffer: bytes, array, names, and the line that allocated it."""
    names = ", ".join(buffer.names[:_MOST_NAMES]) or "(holder unknown)"
    if len(buffer.names) > _MOST_NAMES:
        names += f" and {len(buffer.names) - _MOST_NAMES} more"
    array = f"{buffer.dtype} {buffer.shape} {buffer.order}  {names}"
    line = f"{format_nbytes(buffer.nbytes):>9}  {array if buffer.shape is not None else 'holder not found from Python'}"
    if buffer.n_views:
        line += f"; {buffer.n_views} view{'' if buffer.n_views == 1 else 's'}"
    if buffer.pinned and buffer.span is not None:
        line += f"; pins {format_nbytes(buffer.pinned)} beyond the {format_nbytes(buffer.span)} in view"
    if buffer.history:
        line += "; kept only by the output history"
    if buffer.site is not None:
        line += f"; allocated at {name_cell(buffer.site.filename)}:{buffer.site.lineno} in {buffer.site.function}"
    return line
