"""A Trace as a report for people: the answer first, then the lines, the arrays, and what is not known."""

from __future__ import annotations

import enum
from typing import IO, TYPE_CHECKING

from ndmem.analysis.ending import ending_sentence
from ndmem.analysis.functions import Function, function_table
from ndmem.analysis.lines import Line, line_table
from ndmem.analysis.moment import Moment, nbytes_at
from ndmem.analysis.processes import process_tree
from ndmem.analysis.sentence import answer_sentence
from ndmem.analysis.total_sentence import native_matters, total_sentence

from .buffer_table import make_buffer_table
from .figure_table import make_figure_table
from .moments import ends_at, title_moment
from .native_table import make_native_table
from .notes import describe_run, list_notes, suggest_next
from .paths import file_names
from .plain import encodable, plain
from .process_table import make_process_table, say_processes
from .stack_list import make_stack_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, RenderableType

    from ndmem.model.family import Family
    from ndmem.model.trace import Trace

    from .paths import FileNames

_NARROWEST = 60
"""Columns below which a table of figures cannot be read: the terminal then wraps it."""


class By(enum.Enum):
    """What the rows of a report are."""

    LINE = "line"
    FUNCTION = "function"
    STACK = "stack"


def write_text(
    trace: Trace,
    stream: IO[str],
    *,
    by: By = By.LINE,
    moment: Moment = Moment.PEAK,
    library: bool = False,
    file: str | None = None,
    family: Family | None = None,
    rows: int | None = 20,
    buffers: int | None = 10,
    width: int | None = None,
    folder: str | None = None,
) -> None:
    """Write the report of a run.

    Parameters
    ----------
    trace : Trace
        The run.
    stream : text stream
        Where to; colours only if it is a terminal and ``NO_COLOR`` is not set.
    by : By
        Rows are lines, functions or call stacks.
    moment : Moment
        What was alive at the peak, or at the end.
    library : bool
        Show the code of libraries; else it counts for the user's code that called it.
    file : str or None
        The trace's file, for the command that shows more.
    family : Family or None
        The processes of the run, if there may be others than the program.
    rows, buffers : int or None
        Show at most so many rows, and so many of the largest buffers; ``None`` for all.
    width : int or None
        Columns to fit into; those of the terminal, or 80, if not given.
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
    console = open_console(stream, width)
    with console.capture() as capture:
        for part in _parts(
            trace,
            names,
            by=by,
            moment=moment,
            library=library,
            rows=rows,
            buffers=buffers,
            width=console.width,
        ):
            console.print(part)
            console.print()
        for part in _process_parts(family, names, rows=rows, file=file):
            console.print(part)
            console.print()
        if trace.peak.nbytes:
            hint = suggest_next(file, by=by.value, moment=moment, library=library)
            # A command is pasted: it stays in one line.
            console.print(hint, soft_wrap=True)
    text = "".join(f"{line.rstrip()}\n" for line in capture.get().rstrip().split("\n"))
    stream.write(encodable(text, getattr(stream, "encoding", None)))


def _parts(
    trace: Trace,
    names: FileNames,
    *,
    by: By,
    moment: Moment,
    library: bool,
    rows: int | None,
    buffers: int | None,
    width: int,
) -> Iterator[RenderableType]:
    """Give the parts of a report in order."""
    from rich.console import Group  # noqa: PLC0415  # costs 50 ms: only who renders pays
    from rich.text import Text  # noqa: PLC0415

    sentences = [answer_sentence(trace, moment, name_file=names.name)]
    sentences += filter(None, [total_sentence(trace, moment, name_file=names.name)])
    answer = "".join(f"{plain(sentence)}.\n" for sentence in sentences)
    ending = ending_sentence(trace, name_file=names.name)
    if ending:
        yield Text(plain(ending) + ".", "bold red")
    yield Text.assemble((answer, "bold"), describe_run(trace, moment))
    native = native_matters(trace)
    shown: tuple[Line | Function, ...] = ()
    if by is By.STACK:
        if nbytes_at(trace, moment):
            yield make_stack_list(trace, names, moment=moment, library=library, limit=rows)
    else:
        table = line_table if by is By.LINE else function_table
        # A line without arrays has nothing to show where native memory is not shown.
        shown = tuple(row for row in table(trace, library=library, moment=moment) if native or row.count)
        if shown:
            yield make_figure_table(shown, names, moment=moment, limit=rows, width=width, native=native)
    # Of a program that was cut short one wants to see what it died of, whatever else was asked for.
    for shown_moment in (moment, Moment.END) if ending and not ends_at(trace, moment) else (moment,):
        largest = make_buffer_table(trace, names, moment=shown_moment, limit=buffers, width=width)
        if largest is not None:
            yield Group(Text(f"Largest arrays {title_moment(trace, shown_moment)}", "bold"), "", largest)
    blocks = make_native_table(trace, names, moment=moment, limit=buffers, width=width) if native else None
    if blocks is not None:
        when = "total peak" if moment is Moment.PEAK else "end"
        yield Group(Text(f"Largest native blocks at the {when}", "bold"), "", blocks)
    notes = list_notes(trace, shown[:rows])
    if notes:
        yield Text("\n".join(notes), "dim")


def _process_parts(
    family: Family | None, names: FileNames, *, rows: int | None, file: str | None
) -> Iterator[RenderableType]:
    """Give what is to be said of the processes that the program started, if it did."""
    from rich.console import Group  # noqa: PLC0415  # as above
    from rich.text import Text  # noqa: PLC0415

    if family is not None and len(family.members) > 1:
        tree = process_tree(family)
        heading = Text(plain(say_processes(tree, file)), "bold")
        yield Group(heading, "", make_process_table(tree, names, limit=rows))
    if family is not None and family.notes:
        yield Text("\n".join(map(plain, family.notes)), "dim")


def open_console(stream: IO[str], width: int | None) -> Console:
    """Open a console that prints what it is given: no markup, no emoji, no highlighting."""
    from rich.console import Console  # noqa: PLC0415  # as above

    # In a notebook rich would display HTML instead of writing to the stream.
    console = Console(file=stream, width=width, markup=False, emoji=False, highlight=False, force_jupyter=False)
    console.width = max(console.width, _NARROWEST)
    return console
