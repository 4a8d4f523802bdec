"""The table of lines, with memory_profiler's columns first."""

from __future__ import annotations

import inspect
import linecache
import sys
from typing import IO, TYPE_CHECKING

from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from types import CodeType

    from .line_profiler import LineProfiler

_ROW = "{0:>6} {1:>12} {2:>12}  {3:>10} {4:>10} {5:>10}   {6:<}"
_HEADINGS = ("Line #", "Mem usage", "Increment", "Occurrences", "Peak", "Temp", "Line Contents")


def show_results(prof: LineProfiler, stream: IO[str] | None = None, precision: int = 1) -> None:
    """Write the table of each function.

    Parameters
    ----------
    prof : LineProfiler
        The profiler that recorded the functions.
    stream : text stream, optional
        Where to write. Default: standard output, as in memory_profiler.
    precision : int
        Digits after the point, of MiB. ``Peak`` and ``Temp`` are bytes of arrays, with a unit of their own.
    """
    target = sys.stdout if stream is None else stream
    for code in prof.code_map:
        target.write(_table(prof, code, precision))
    target.flush()


def _table(prof: LineProfiler, code: CodeType, precision: int) -> str:
    head = _ROW.format(*_HEADINGS)
    lines = prof.code_map[code]
    arrays = prof.arrays.get(code, {})
    source = _source_lines(code)
    rows = []
    for lineno in sorted({*source, *lines}):
        figures = ["", "", "", "", ""]
        if lineno in lines:
            increment, memory, count = lines[lineno]
            figures[:3] = [_mib(memory, precision), _mib(increment, precision), str(count)]
        if lineno in arrays:
            nbytes = (arrays[lineno].peak, arrays[lineno].temporary)
            figures[3:] = [format_nbytes(each) if each else "-" for each in nbytes]
        rows.append(_ROW.format(lineno, *figures, source.get(lineno, "")))
    return "\n".join([f"Filename: {code.co_filename}", "", head, "=" * len(head), *rows]) + "\n\n\n"


def _mib(memory: float, precision: int) -> str:
    return f"{memory:{precision + 4}.{precision}f} MiB"


def _source_lines(code: CodeType) -> dict[int, str]:
    text = linecache.getlines(code.co_filename)[code.co_firstlineno - 1 :]
    try:
        block = inspect.getblock(text)
    except (OSError, SyntaxError, IndexError):  # the file has changed, or is not Python source
        block = text[:1]
    return {number: line.rstrip("\r\n") for number, line in enumerate(block, code.co_firstlineno)}
