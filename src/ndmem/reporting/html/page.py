"""Page of a run: one HTML file that opens from disk, without a network."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from ndmem.analysis.background import native_matters
from ndmem.analysis.moment import Moment
from ndmem.analysis.tables.cluster import task_table, worker_table
from ndmem.analysis.tables.lines import line_table
from ndmem.model.trace import Origin
from ndmem.reporting.html.charts.icicles import draw_icicles, grow_branches
from ndmem.reporting.html.charts.lifetimes import draw_lifetimes
from ndmem.reporting.html.charts.timeline import draw_timeline, number_layers
from ndmem.reporting.html.tables.arrays import list_arrays, list_buffers
from ndmem.reporting.html.tables.code import name_anchors, show_code
from ndmem.reporting.html.tables.line_groups import group_lines
from ndmem.reporting.html.tables.native_blocks import list_native
from ndmem.reporting.html.tables.processes import list_processes
from ndmem.reporting.html.tables.ranks import list_ranks
from ndmem.reporting.moments import title_moment
from ndmem.reporting.other_memory import list_other_memory
from ndmem.reporting.paths import file_names
from ndmem.reporting.plain import plain
from ndmem.reporting.sentences.answer import answer_sentence
from ndmem.reporting.sentences.ending import ending_sentence
from ndmem.reporting.sentences.headroom import headroom_sentence
from ndmem.reporting.sentences.mapped import mapped_sentence
from ndmem.reporting.sentences.not_leaked import not_leaked_beside
from ndmem.reporting.sentences.request import request_sentence
from ndmem.reporting.sentences.total import total_sentence
from ndmem.reporting.text.notes import describe_run, list_notes
from ndmem.reporting.text.tables.cluster import RESIDENT_NOTE, describe_worker
from ndmem.reporting.text.tables.figure_columns import has_foreign
from ndmem.reporting.text.tables.processes import resident_sentence
from ndmem.steps import Step, begin

from .findings import list_findings
from .page_bounds import Limits
from .template import write_page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ndmem.analysis.index import TraceIndex
    from ndmem.analysis.tables.lines import Line
    from ndmem.model.advice.finding import Finding
    from ndmem.model.trace import Trace
    from ndmem.reporting.html.charts.plotlyjs import PlotlyJs
    from ndmem.reporting.paths import FileNames
    from ndmem.reporting.prediction_words import Outlook

_DEFAULT = Limits()


def write_html(
    index: TraceIndex,
    stream: IO[str],
    *,
    library: bool = False,
    plotlyjs: PlotlyJs | None = None,
    limits: Limits = _DEFAULT,
    folder: str | None = None,
    outlook: Outlook | None = None,
    findings: Sequence[Finding] = (),
) -> None:
    """Write a run as a page of HTML, in ASCII.

    Parameters
    ----------
    index, stream
        As for `write_run`.
    library : bool
        Give the lines of libraries rows of their own.
    plotlyjs : PlotlyJs or None
        How the page gets Plotly's JavaScript; it is inside the page, if not given.
    limits : Limits
        How much of the run the page shows.
    folder : str or None
        Folder that files are named relative to; the working folder if not given.
    outlook : Outlook or None
        Sentences and formulas of a prediction.
    findings : sequence of Finding
        What to change in the program.

    Errors are those of `write_run`.
    """
    names = file_names(index.trace.run, folder=folder)
    begin(Step.TIMELINE)
    timeline, timeline_rows = draw_timeline(index, names, points=limits.points)
    begin(Step.STACKS)
    colours = number_layers(index, points=limits.points)
    icicles, branches = draw_icicles(index, names, nodes=limits.nodes, colours=colours), grow_branches(index, names)
    begin(Step.LINES)
    rows = _list_rows(index, names, library=library, limits=limits)
    lifetimes = draw_lifetimes(index, names, limits=limits, colours=colours, rows=_number_lines(rows["lines"]))
    context = {
        "colours": colours,
        "lifetimes": lifetimes,
        "timeline_rows": timeline_rows,
        "branches": branches,
        **_list_advice(index, findings, names, limits=limits, anchors=rows["anchors"]),
        **_list_family(index, names, limits=limits),
        **_list_cluster(index),
        **_describe_run(index, names, outlook),
        **rows,
    }
    begin(Step.WRITE)
    charts = {"timeline": timeline, "icicles": icicles, "lifetimes": lifetimes}
    write_page("report", stream, context=context, data=charts, plotlyjs=plotlyjs)


def _list_advice(
    index: TraceIndex,
    findings: Sequence[Finding],
    names: FileNames,
    *,
    limits: Limits,
    anchors: dict[tuple[str, int], str],
) -> dict[str, Any]:
    return {
        "findings": list_findings(index, findings[: limits.findings], names, anchors),
        "more_findings": max(len(findings) - limits.findings, 0),
        "not_leaked": [plain(sentence) for sentence in not_leaked_beside(index, findings)],
    }


def _number_lines(lines: Sequence[Line]) -> dict[tuple[str, int], int]:
    return {(line.filename, line.lineno): number for number, line in enumerate(lines)}


def _list_family(index: TraceIndex, names: FileNames, *, limits: Limits) -> dict[str, Any]:
    return {
        "processes": list_processes(index, names, limits=limits),
        "family_notes": _list_process_notes(index),
        "ranks": list_ranks(index, names, limits=limits),
    }


def _list_cluster(index: TraceIndex) -> dict[str, Any]:
    return {
        "cluster": index.trace.cluster,
        "resident_note": RESIDENT_NOTE,
        "task_groups": task_table(index),
        "workers": [(worker, describe_worker(worker)) for worker in worker_table(index)],
    }


def _describe_run(index: TraceIndex, names: FileNames, outlook: Outlook | None) -> dict[str, Any]:
    trace = index.trace
    predicted = trace.origin is Origin.PREDICTED
    return {
        "predicted": predicted,
        "limit": trace.run.limit,
        "formulas": {} if outlook is None else outlook.formulas,
        "trace": trace,
        "names": names,
        "program": plain(" ".join(trace.run.program)) or ("a prediction" if predicted else _name_block(trace)),
        "sentences": _write_sentences(index, names, outlook),
        "ending": plain(ending_sentence(index, name_file=names.name) or ""),
        "described": describe_run(index, Moment.PEAK),
        "native": native_matters(index),
    }


def _name_block(trace: Trace) -> str:
    return "ndmem.track() block" if trace.cluster is None else f"Dask cluster {plain(trace.cluster.scheduler)}"


def _list_rows(index: TraceIndex, names: FileNames, *, library: bool, limits: Limits) -> dict[str, Any]:
    """Return the rows of the tables, and the notes on them."""
    trace = index.trace
    native = native_matters(index)
    # If native memory is not shown, a line without arrays has no figure to show.
    lines = [line for line in line_table(index, library=library) if line.has_memory(native=native)]
    shown = lines[: limits.lines]
    anchors = name_anchors(shown)
    return {
        "lines": shown,
        "foreign": has_foreign(shown),
        "line_groups": group_lines(shown, native=native),
        "left_out": len(lines) - len(shown),
        "anchors": anchors,
        "files": show_code(index, shown, names),
        "tables": [
            (f"arrays-{moment.value}", f"Arrays {title_moment(trace, moment)}", table)
            for moment in Moment
            for table in [list_arrays(index, names, moment, anchors, most=limits.arrays)]
        ],
        "other_tables": [
            (name, title, list_buffers(index, columns, names, anchors, most=limits.arrays))
            for name, title, columns in list_other_memory(index)
        ],
        "native_tables": [
            (moment.value, when, list_native(index, names, moment, anchors, most=limits.arrays))
            for moment, when in ((Moment.PEAK, "at the peak with native memory"), (Moment.END, "at the end"))
        ]
        if native
        else [],
        "most_before": limits.arrays,
        "notes": list_notes(index, lines),
    }


def _write_sentences(index: TraceIndex, names: FileNames, outlook: Outlook | None) -> list[str]:
    """Return the answer with the headroom, then the other sentences; those of a prediction come first."""
    answer, headroom = answer_sentence(index, name_file=names.name), headroom_sentence(index)
    total = total_sentence(index, name_file=names.name)
    mapped = mapped_sentence(index, name_file=names.name)
    if outlook is not None:  # its sentences already tell whether the call fits
        texts = [*outlook.sentences, answer, total, mapped]
    else:
        texts = [f"{answer}. {headroom}" if headroom else answer, total, mapped, request_sentence(index)]
    return [f"{plain(text)}." for text in texts if text]


def _list_process_notes(index: TraceIndex) -> list[str]:
    """List the resident memory of all processes together, and the notes on them."""
    family = index.family
    resident = resident_sentence(index.trace.together, several=len(family.members) > 1)
    return [*filter(None, [resident]), *map(plain, family.notes)]
