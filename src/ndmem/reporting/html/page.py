"""A Trace as one page of HTML that opens from disk, without a network."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from ndmem.analysis.ending import ending_sentence
from ndmem.analysis.lines import line_table
from ndmem.analysis.moment import Moment
from ndmem.analysis.processes import process_tree
from ndmem.analysis.room import room_sentence
from ndmem.analysis.sentence import answer_sentence
from ndmem.analysis.total_sentence import native_matters, total_sentence
from ndmem.model.trace import Origin
from ndmem.reporting.moments import title_moment
from ndmem.reporting.notes import describe_run, list_notes
from ndmem.reporting.paths import file_names
from ndmem.reporting.plain import plain
from ndmem.reporting.process_table import describe_process, say_resident, sum_processes
from ndmem.steps import Step, begin

from .arrays import list_arrays
from .code import name_anchors, show_code
from .icicles import draw_icicles, grow_branches
from .limits import Limits
from .plotlyjs import need_html
from .template import write_page
from .timeline import draw_timeline

if TYPE_CHECKING:
    from ndmem.model.family import Family
    from ndmem.model.trace import Trace
    from ndmem.reporting.paths import FileNames

    from .outlook import Outlook
    from .plotlyjs import PlotlyJs

_DEFAULT = Limits()


def write_html(
    trace: Trace,
    stream: IO[str],
    *,
    family: Family | None = None,
    library: bool = False,
    plotlyjs: PlotlyJs | None = None,
    limits: Limits = _DEFAULT,
    folder: str | None = None,
    outlook: Outlook | None = None,
) -> None:
    """Write a run as a page of HTML.

    Parameters
    ----------
    trace : Trace
        The run.
    stream : text stream
        Where to; only ASCII is written.
    family : Family or None
        The processes of the run, if there may be others than the program.
    library : bool
        Give the lines of libraries rows of their own.
    plotlyjs : PlotlyJs or None
        Where the page has Plotly's JavaScript from; inside, if not given.
    limits : Limits
        How much of the run it shows.
    folder : str or None
        Folder that files are named relative to; the working folder if not given.
    outlook : Outlook or None
        What else is to be said of a prediction.

    Raises
    ------
    MissingError
        If Jinja2 or Plotly is not installed.
    TraceError
        If the trace's call tree is damaged.
    OSError
        If the stream cannot be written.
    """
    need_html()
    names = file_names(trace.run, folder=folder)
    begin(Step.TIMELINE)
    timeline, timeline_rows = draw_timeline(trace, names, points=limits.points)
    begin(Step.STACKS)
    icicles, branches = draw_icicles(trace, names, nodes=limits.nodes), grow_branches(trace, names)
    begin(Step.LINES)
    context = {
        "timeline_rows": timeline_rows,
        "branches": branches,
        "processes": _tell_processes(family, names),
        "family_notes": _note_processes(trace, family),
        **_describe(trace, names, outlook),
        **_list_rows(trace, names, library=library, limits=limits),
    }
    data = {"timeline": timeline, "icicles": icicles}
    begin(Step.WRITE)
    write_page("report", stream, context=context, data=data, plotlyjs=plotlyjs)


def _describe(trace: Trace, names: FileNames, outlook: Outlook | None) -> dict[str, Any]:
    """Return what is said of the run in sentences."""
    predicted = trace.origin is Origin.PREDICTED
    return {
        "predicted": predicted,
        "limit": trace.run.limit,
        "formulas": {} if outlook is None else outlook.formulas,
        "trace": trace,
        "names": names,
        "program": plain(" ".join(trace.run.program)) or ("a prediction" if predicted else "code tracked from inside"),
        "sentences": _say(trace, names, outlook),
        "ending": plain(ending_sentence(trace, name_file=names.name) or ""),
        "described": describe_run(trace, Moment.PEAK),
        "native": native_matters(trace),
    }


def _list_rows(trace: Trace, names: FileNames, *, library: bool, limits: Limits) -> dict[str, Any]:
    """Return the rows of the tables, and what is not known of them."""
    native = native_matters(trace)
    # A line without arrays has nothing to show where native memory is not shown.
    lines = [line for line in line_table(trace, library=library) if native or line.count]
    shown = lines[: limits.lines]
    anchors = name_anchors(shown)
    return {
        "lines": shown,
        "left_out": len(lines) - len(shown),
        "anchors": anchors,
        "files": show_code(trace, shown, names),
        "tables": [
            (moment.value, title_moment(trace, moment), list_arrays(trace, names, moment, anchors, most=limits.arrays))
            for moment in Moment
        ],
        "notes": list_notes(trace, lines),
    }


def _say(trace: Trace, names: FileNames, outlook: Outlook | None) -> list[str]:
    """Return the answer, with the room that was left; then what there is besides."""
    answer, room = answer_sentence(trace, name_file=names.name), room_sentence(trace)
    total = total_sentence(trace, name_file=names.name)
    if outlook is not None:  # it has said whether there is room
        texts = [*outlook.sentences, answer, total]
    else:
        texts = [f"{answer}. {room}" if room else answer, total]
    return [f"{plain(text)}." for text in texts if text]


def _tell_processes(family: Family | None, names: FileNames) -> dict[str, Any] | None:
    """Return the process tree, where there is more than the program."""
    if family is None or len(family.members) < 2:
        return None
    tree = process_tree(family)
    rows = [(process, plain(describe_process(process, names))) for process in tree.processes]
    sentence = (
        f"{sum_processes(tree)}. All else on this page, but for the table of processes, is of the program itself."
    )
    return {"sentence": plain(sentence), "rows": rows}


def _note_processes(trace: Trace, family: Family | None) -> list[str]:
    """List what all processes had in RAM together, and what is not known of them."""
    resident = say_resident(trace.together, several=family is not None and len(family.members) > 1)
    return [*filter(None, [resident]), *map(plain, family.notes if family else ())]
