"""Tables of lines and of arrays in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.live import each_live_buffer, live_arrays, small_nbytes
from ndmem.analysis.moment import nbytes_at
from ndmem.analysis.tables.lines import Line
from ndmem.analysis.tables.sources import source_files
from ndmem.reporting.holder_names import HolderNames
from ndmem.reporting.sentences.brevity import shorten
from ndmem.reporting.text.tables.arrays import write_array
from ndmem.reporting.text.tables.block_rows import gather_rows, write_size
from ndmem.reporting.text.tables.figure_columns import explain_columns, format_share, list_columns, write_figure
from ndmem.units import format_nbytes

from .blocks import Align, write_table
from .findings import end_of
from .inline import code_span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.analysis.index import TraceIndex
    from ndmem.analysis.moment import Moment
    from ndmem.reporting.paths import FileNames
    from ndmem.reporting.text.tables.lines import RowChoice

    from .bounds import Bounds


def write_lines(choice: RowChoice, names: FileNames, moment: Moment, bounds: Bounds) -> tuple[str, list[str]]:
    """Return the table of the lines that matter, and what its columns mean."""
    selection = choice.selection
    shown = selection.shown[: bounds.lines]
    columns = [each for each in list_columns(shown, moment, native=choice.native) if each.heading != "program"]
    rows = [
        [
            *(column.write(row) for column in columns),
            code_span(end_of(names.place(row.filename, row.lineno), bounds.name)),
            code_span(shorten((row.source if isinstance(row, Line) else "") or f"in {row.function}", bounds.name)),
        ]
        for row in shown
    ]
    if selection.imports is not None:
        nbytes, native = selection.imports.nbytes, selection.imports.native_nbytes
        figures = {
            "share": format_share(nbytes / choice.whole if choice.whole else None),
            columns[1].heading: write_figure(nbytes),
            "native": write_figure(native),
        }
        rows.append([*(figures.get(column.heading, "") for column in columns), "", selection.imports.text])
    left = len(selection.shown) - len(shown) + len(selection.small)
    heads = [*((column.heading, Align.RIGHT) for column in columns), ("line", Align.LEFT), ("source", Align.LEFT)]
    notes = [
        explain_columns(columns),
        choice.note,
        f"… and {left:,} more line{'s' if left > 1 else ''}." if left else "",
    ]
    return write_table(heads, rows), [*filter(None, notes)]


def write_arrays(index: TraceIndex, names: FileNames, moment: Moment, bounds: Bounds) -> str:
    """Write the table of the largest arrays, whose rows sum to the last; nothing without any."""
    columns = live_arrays(index, moment)
    if not len(columns.buffer):
        return ""
    heads = [("nbytes", Align.RIGHT), ("allocated by", Align.LEFT), ("held by", Align.LEFT)]
    return write_table(heads, _list_arrays(index, names, moment, bounds))


def _list_arrays(index: TraceIndex, names: FileNames, moment: Moment, bounds: Bounds) -> Iterator[list[str]]:
    columns, sources, holders = live_arrays(index, moment), source_files(index), HolderNames(index, names.name)
    buffers = each_live_buffer(index, columns)
    shown = gather_rows(buffers, lambda each: write_array(each, names, sources, holders), limit=bounds.arrays)
    for row in shown:
        place, text, use = (shorten(each, bounds.name) for each in (row.place, row.text, row.use))
        yield [write_size(row), " ".join(filter(None, [code_span(place), code_span(text)])), code_span(use)]
    if count := len(columns.buffer) - sum(row.count for row in shown):
        rest = int(columns.nbytes.sum()) - sum(row.total_nbytes for row in shown)
        yield [format_nbytes(rest), f"{count:,} other array{'s' if count > 1 else ''}", ""]
    if small := small_nbytes(index, moment):
        what = "unknown arrays: events were dropped" if index.trace.dropped else "smaller arrays"
        yield [format_nbytes(small), what, ""]
    yield [f"**{format_nbytes(nbytes_at(index.trace, moment))}**", "**all**", ""]
