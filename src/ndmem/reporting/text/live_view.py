"""One frame of the view of a running program: its live arrays, the lines that allocated them, and its chart."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Literal

from ndmem.analysis.index import TraceIndex
from ndmem.analysis.live import each_live_buffer, live_arrays
from ndmem.analysis.moment import Moment
from ndmem.analysis.tables.lines import line_table
from ndmem.analysis.tables.sources import source_files
from ndmem.model.ending import Ending
from ndmem.reporting.holder_names import HolderNames
from ndmem.reporting.paths import file_names
from ndmem.reporting.plain import plain
from ndmem.reporting.sentences.live import name_peak_place, name_program, name_state
from ndmem.reporting.text.tables.arrays import describe_holders
from ndmem.reporting.text.tables.figure_columns import UNKNOWN, format_share
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from ndmem.model.live_frame import LiveFrame
    from ndmem.model.trace import RunInfo
    from ndmem.reporting.paths import FileNames

_BLOCKS = " ▁▂▃▄▅▆▇█"
_CHART_ROWS = 3
_PRINTED_ROWS = 10
_SIZE = 8
"""Width of a column of bytes."""
_ROWS_BESIDE_TABLES = 4 + _CHART_ROWS + 6
"""Rows of a frame that are not rows of the two tables: title, figures, chart, headings, empty rows, footer."""


def make_frame(frame: LiveFrame, *, width: int, height: int | None = None, footer: str = "") -> Group:
    """Lay out a frame.

    Parameters
    ----------
    frame : LiveFrame
        State of the program, and the history of its live bytes.
    width : int
        Columns of the terminal.
    height : int or None
        Rows of the terminal: each table is padded to half of them, so that it does not move between frames. ``None``
        for a frame that is printed once, with up to ten rows in each table.
    footer : str
        Text of the last row.
    """
    from rich.console import Group
    from rich.text import Text

    trace, names = frame.trace, file_names(frame.trace.run)
    index = TraceIndex(trace)
    rows = _PRINTED_ROWS if height is None else max((height - _ROWS_BESIDE_TABLES) // 2, 1)
    tables = _list_lines(index, names, rows), _list_arrays(index, names, rows, width)
    if height is not None:
        for table in tables:
            for _ in range(rows - table.row_count):
                table.add_row()
    parts: list[Text | Table] = [
        Text(_write_title(trace.run), "bold red" if trace.run.ending in {Ending.SIGNAL, Ending.LOST} else "bold"),
        _write_figures(frame, index, names),
        Text(draw_chart(frame.history, rows=_CHART_ROWS), "green"),
        Text(_write_axis(frame, width), "dim"),
        Text(),
        tables[0],
        Text(),
        tables[1],
    ]
    if footer:
        parts += [Text(), Text(footer, "dim")]
    for part in parts:
        if isinstance(part, Text):
            part.no_wrap, part.overflow = True, "ellipsis"
    return Group(*parts)


def draw_chart(values: list[int], *, rows: int) -> str:
    """Draw each value as a bar one column wide, the highest as high as the chart; a value above 0 is always visible."""
    highest, steps = max(values, default=0), len(_BLOCKS) - 1
    if not highest:
        return "\n".join([" " * len(values)] * rows)
    heights = [max(round(value * rows * steps / highest), int(value > 0)) for value in values]
    lines = ("".join(_BLOCKS[min(max(each - row * steps, 0), steps)] for each in heights) for row in range(rows))
    return "\n".join(reversed(list(lines)))


def _write_title(run: RunInfo) -> str:
    """Write the state of the program, and its command line."""
    return f"{name_state(run)}, {run.duration_s:.3g} s, process {run.pid}: {name_program(run)}"


def _write_figures(frame: LiveFrame, index: TraceIndex, names: FileNames) -> Text:
    from rich.text import Text

    trace = frame.trace
    place = name_peak_place(index, names)
    where = f" at {place}" if place else ""
    rss = UNKNOWN if frame.rss_nbytes is None else format_nbytes(frame.rss_nbytes)
    native = "" if trace.native_live_nbytes is None else f"   native {format_nbytes(trace.native_live_nbytes)}"
    before = "" if trace.before is None else f"   before {format_nbytes(trace.before.nbytes)}"
    return Text.assemble(
        ("live ", "dim"),
        (format_nbytes(trace.live_nbytes), "bold"),
        ("   peak ", "dim"),
        format_nbytes(trace.peak.nbytes),
        where,
        (native + before, ""),
        ("   process ", "dim"),
        rss,
    )


def _write_axis(frame: LiveFrame, width: int) -> str:
    """Write the axis below a chart: the times of its ends, and its height."""
    right = f"{frame.trace.run.duration_s:.3g} s"
    middle = f"live bytes of arrays, up to {format_nbytes(max(frame.history, default=0))}"
    return f"0 s{middle:^{max(width - 3 - len(right), 0)}}{right}"


def _open_table(*headings: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", expand=False)
    for heading in headings:
        figure = heading in {"live", "share", "nbytes"}
        narrowest = _SIZE if heading in {"live", "nbytes"} else None
        justify: Literal["left", "right"] = "right" if figure else "left"
        table.add_column(heading, justify=justify, no_wrap=True, overflow="ellipsis", min_width=narrowest)
    return table


def _list_lines(index: TraceIndex, names: FileNames, rows: int) -> Table:
    trace = index.trace
    from rich.text import Text

    table = _open_table("live", "share", "allocated by")
    lines = [line for line in line_table(index, moment=Moment.END) if line.own_nbytes]
    lines.sort(key=lambda line: -line.own_nbytes)
    for line in lines[:rows]:
        place = names.short_place(line.filename, line.lineno)
        share = line.own_nbytes / max(trace.live_nbytes, 1)
        text = Text.assemble((place, "cyan"), f" {plain(line.source or '')}")
        table.add_row(format_nbytes(line.own_nbytes), format_share(share), text)
    return table


def _list_arrays(index: TraceIndex, names: FileNames, rows: int, width: int) -> Table:
    from rich.text import Text

    table, sources = _open_table("nbytes", "allocated by", "held by"), source_files(index)
    table.columns[1].max_width = max(width - 40, 20)
    columns = live_arrays(index, Moment.END)
    buffers = list(islice(each_live_buffer(index, columns), rows))
    for buffer in buffers:
        site = buffer.site
        place = names.short_place(site.filename, site.lineno)
        held = plain(describe_holders(buffer, HolderNames(index, names.name))) if buffer.holders else ""
        table.add_row(
            format_nbytes(buffer.nbytes),
            Text.assemble((place, "cyan"), f" {plain(buffer.allocated_by(sources))}"),
            Text(held),
        )
    return table
