"""A Trace as a report for people: the answer first, then the lines, the arrays, and what is not known."""

from __future__ import annotations

from dataclasses import replace
from typing import IO, TYPE_CHECKING

from ndmem.analysis.ending import ending_sentence
from ndmem.analysis.functions import Function, function_table
from ndmem.analysis.lines import Line, line_table
from ndmem.analysis.moment import Moment, nbytes_at
from ndmem.analysis.processes import process_tree
from ndmem.analysis.room import room_sentence
from ndmem.analysis.sentence import answer_sentence
from ndmem.analysis.total_sentence import native_matters, total_sentence

from .buffer_table import make_buffer_table
from .call_tree import make_call_tree
from .figure_table import make_figure_table
from .moments import ends_at, title_moment
from .native_table import make_native_table
from .notes import describe_run, list_notes, suggest_next
from .paths import file_names
from .plain import encodable, plain
from .process_table import make_process_table, say_processes, say_resident
from .sparkline import draw_sparkline
from .stack_list import make_stack_list
from .view import By, View

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, RenderableType

    from ndmem.model.family import Family
    from ndmem.model.trace import Trace

    from .paths import FileNames

_WIDEST_CHART = 100
_DEFAULT = View()

_NARROWEST = 60
"""Columns below which a table of figures cannot be read: the terminal then wraps it."""


def write_text(
    trace: Trace,
    stream: IO[str],
    *,
    view: View = _DEFAULT,
    file: str | None = None,
    family: Family | None = None,
    folder: str | None = None,
) -> None:
    """Write the report of a run.

    Parameters
    ----------
    trace : Trace
        The run.
    stream : text stream
        Where to; colours only if it is a terminal and ``NO_COLOR`` is not set.
    view : View
        What to show of it.
    file : str or None
        The trace's file, for the command that shows more.
    family : Family or None
        The processes of the run, if there may be others than the program.
    folder : str or None
        Folder that files are named relative to; the working folder if not given.

    Raises
    ------
    TraceError
        If the trace's call tree is damaged.
    OSError
        If the stream cannot be written.
    """
    names = file_names(trace.run, folder=folder)
    console = open_console(stream, view.width)
    view = replace(view, width=console.width)
    with console.capture() as capture:
        for part in _parts(trace, names, view=view, chart=_draws(console, stream)):
            console.print(part)
            console.print()
        for part in _process_parts(trace, family, names, rows=view.rows, file=file):
            console.print(part)
            console.print()
        if trace.peak.nbytes:
            hint = suggest_next(file, view=view)
            # A command is pasted: it stays in one line.
            console.print(hint, soft_wrap=True)
    text = "".join(f"{line.rstrip()}\n" for line in capture.get().rstrip().split("\n"))
    stream.write(encodable(text, getattr(stream, "encoding", None)))


def _parts(trace: Trace, names: FileNames, *, view: View, chart: bool) -> Iterator[RenderableType]:
    """Give the parts of a report in order."""
    from rich.text import Text  # noqa: PLC0415  # as above

    moment = view.moment
    sentences = [answer_sentence(trace, moment, name_file=names.name)]
    sentences += filter(None, [total_sentence(trace, moment, name_file=names.name)])
    answer = "".join(f"{plain(sentence)}.\n" for sentence in sentences)
    ending = ending_sentence(trace, name_file=names.name)
    if ending:
        yield Text(plain(ending) + ".", "bold red")
    room = room_sentence(trace)
    yield Text.assemble((answer, "bold"), describe_run(trace, moment), f"\n{room}." if room else "")
    if chart and trace.peak.nbytes:
        yield Text(draw_sparkline(trace, width=min(view.width or _NARROWEST, _WIDEST_CHART)), "green")
    native = native_matters(trace)
    # A line without arrays has nothing to show where native memory is not shown.
    shown = tuple(row for row in _rows(trace, view) if native or row.count)
    if shown:
        width = view.width or _NARROWEST
        yield make_figure_table(shown, names, moment=moment, limit=view.rows, width=width, native=native)
    elif view.by is By.STACK and nbytes_at(trace, moment):
        yield make_stack_list(trace, names, moment=moment, library=view.library, limit=view.rows)
    elif view.by is By.TREE and nbytes_at(trace, moment):
        yield make_call_tree(trace, names, view=view)
    # Of a program that was cut short one wants to see what it died of, whatever else was asked for.
    at_end = bool(ending) and not ends_at(trace, moment)
    yield from _buffer_parts(trace, names, view, [moment, Moment.END] if at_end else [moment], native=native)
    notes = list_notes(trace, shown[: view.rows])
    if notes:
        yield Text("\n".join(notes), "dim")


def _rows(trace: Trace, view: View) -> tuple[Line | Function, ...]:
    """Return the rows of the table of figures; none for a view that has another table."""
    if view.by is By.LINE:
        return line_table(trace, library=view.library, moment=view.moment)
    if view.by is By.FUNCTION:
        return function_table(trace, library=view.library, moment=view.moment)
    return ()


def _buffer_parts(
    trace: Trace, names: FileNames, view: View, moments: list[Moment], *, native: bool
) -> Iterator[RenderableType]:
    """Give the largest arrays, and the largest native blocks."""
    from rich.console import Group  # noqa: PLC0415  # as above
    from rich.text import Text  # noqa: PLC0415

    limit, width = view.rows if view.by is By.ARRAY else view.buffers, view.width or _NARROWEST
    for moment in moments:
        largest = make_buffer_table(trace, names, moment=moment, limit=limit, width=width)
        if largest is not None:
            yield Group(Text(f"Largest arrays {title_moment(trace, moment)}", "bold"), "", largest)
    blocks = make_native_table(trace, names, moment=view.moment, limit=limit, width=width) if native else None
    if blocks is not None:
        when = "total peak" if view.moment is Moment.PEAK else "end"
        yield Group(Text(f"Largest native blocks at the {when}", "bold"), "", blocks)


def _draws(console: Console, stream: IO[str]) -> bool:
    """Tell whether a chart of block characters can be shown: on a terminal that has them."""
    return console.is_terminal and "utf" in (getattr(stream, "encoding", None) or "").lower()


def _process_parts(
    trace: Trace, family: Family | None, names: FileNames, *, rows: int | None, file: str | None
) -> Iterator[RenderableType]:
    """Give what is to be said of the processes that the program started, if it did."""
    from rich.console import Group  # noqa: PLC0415  # as above
    from rich.text import Text  # noqa: PLC0415

    several = family is not None and len(family.members) > 1
    if family is not None and several:
        tree = process_tree(family)
        heading = Text(plain(say_processes(tree, file)), "bold")
        yield Group(heading, "", make_process_table(tree, names, limit=rows))
    resident = say_resident(trace.together, several=several)
    if resident is not None:
        yield Text(resident, "dim")
    if family is not None and family.notes:
        yield Text("\n".join(map(plain, family.notes)), "dim")


def open_console(stream: IO[str], width: int | None) -> Console:
    """Open a console that prints what it is given: no markup, no emoji, no highlighting."""
    from rich.console import Console  # noqa: PLC0415  # as above

    # In a notebook rich would display HTML instead of writing to the stream.
    console = Console(file=stream, width=width, markup=False, emoji=False, highlight=False, force_jupyter=False)
    console.width = max(console.width, _NARROWEST)
    return console
