"""Report of a run as text: the answer first, then the lines, the arrays, and the notes."""

from __future__ import annotations

from dataclasses import replace
from typing import IO, TYPE_CHECKING

from ndmem.analysis.answer.empty import fits_one_sentence
from ndmem.analysis.answer.lead import find_lead
from ndmem.analysis.background import native_matters
from ndmem.analysis.moment import Moment, nbytes_at
from ndmem.analysis.over_time.processes import process_tree
from ndmem.reporting.moments import ends_at, title_moment
from ndmem.reporting.paths import file_names
from ndmem.reporting.plain import plain
from ndmem.reporting.sentences.answer import answer_sentence
from ndmem.reporting.sentences.cluster import dashboard_sentence
from ndmem.reporting.sentences.ending import ending_sentence
from ndmem.reporting.sentences.headroom import headroom_sentence
from ndmem.reporting.sentences.mapped import mapped_sentence
from ndmem.reporting.sentences.ranks import describe_rank, ranks_sentences
from ndmem.reporting.sentences.request import request_sentence
from ndmem.reporting.sentences.total import total_sentence
from ndmem.reporting.text.tables.arrays import make_buffer_table
from ndmem.reporting.text.tables.arrays_before import make_before_table
from ndmem.reporting.text.tables.cluster import RESIDENT_NOTE, make_task_table, make_worker_table
from ndmem.reporting.text.tables.lines import make_row_table, merges_processes
from ndmem.reporting.text.tables.native_blocks import make_native_table
from ndmem.reporting.text.tables.other_memory import list_other_tables
from ndmem.reporting.text.tables.processes import make_process_table, processes_heading, resident_sentence
from ndmem.reporting.text.tables.ranks import LINES_NOTE, make_job_line_table, make_rank_table
from ndmem.reporting.text.tables.threads import make_thread_table
from ndmem.reporting.view import By, View

from .call_tree import make_call_tree
from .console import NARROWEST, printing_to
from .empty_run import empty_sentence, write_wrapped
from .findings import print_findings
from .notes import describe_run, list_notes, suggest_next
from .sparkline import draw_sparkline
from .stack_list import make_stack_list

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console, RenderableType

    from ndmem.analysis.index import TraceIndex
    from ndmem.model.advice.finding import Finding
    from ndmem.model.trace import Trace
    from ndmem.reporting.paths import FileNames


_WIDEST_CHART = 100
_FINDINGS = 3
"""Findings in a report; ``ndmem advise`` lists all."""

_FEW = 10
"""Task groups, and workers, beside the lines."""

_BESIDE = (By.LINE, By.FUNCTION, By.TASK, By.WORKER)
"""Views that show something of a cluster."""

_DEFAULT = View()


def write_text(
    index: TraceIndex,
    stream: IO[str],
    *,
    view: View = _DEFAULT,
    file: str | None = None,
    folder: str | None = None,
    findings: Sequence[Finding] = (),
) -> None:
    """Write the report of a run; it gets colours only on a terminal, if ``NO_COLOR`` is not set.

    ``file`` is the trace's file, for the commands that are suggested. Files are named relative to ``folder``, the
    working folder if it is not given. The first ``findings`` follow the answer. Errors are those of `write_run`.
    """
    trace = index.trace
    names = file_names(trace.run, folder=folder)
    if fits_one_sentence(index):
        write_wrapped(describe_empty(trace), stream)
        return
    with printing_to(stream, view.width) as console:
        view = replace(view, width=console.width)
        for part in _list_answer(index, names, view=view, chart=_can_draw(console, stream)):
            console.print(part)
            console.print()
        if findings:
            print_findings(console, index, findings, names, rows=_FINDINGS, file=file)
            console.print()
        for part in _list_tables(index, names, view=view):
            console.print(part)
            console.print()
        for part in _list_ranks(index, names, view=view) if index.job else ():
            console.print(part)
        for part in _list_cluster(index, view=view):
            console.print(part, soft_wrap=isinstance(part, str))
            console.print()
        for part in _list_processes(index, names, view=view, file=file):
            console.print(part)
            console.print()
        if trace.peak.nbytes:
            hint = suggest_next(file, view=view)
            # A command must stay in one line, so that it can be pasted.
            console.print(hint, soft_wrap=True)


def describe_empty(trace: Trace) -> str:
    """Return the whole report of a run without arrays."""
    return empty_sentence(
        imported_numpy=trace.run.numpy is not None,
        native_peak_nbytes=None if trace.native is None else trace.native.nbytes,
        rss_peak_nbytes=trace.rss_peak_nbytes,
        exit_status=trace.run.exit_status or 0,
    )


def _list_answer(index: TraceIndex, names: FileNames, *, view: View, chart: bool) -> Iterator[RenderableType]:
    trace = index.trace
    from rich.text import Text

    moment = view.moment
    sentences = [answer_sentence(index, moment, name_file=names.name)]
    sentences += filter(None, [total_sentence(index, moment, name_file=names.name)])
    sentences += filter(None, [mapped_sentence(index, name_file=names.name)])
    answer = "".join(f"{plain(sentence)}.\n" for sentence in sentences)
    ending = ending_sentence(index, name_file=names.name)
    if ending:
        yield Text(plain(ending) + ".", "bold red")
    about = [describe_run(index, moment), *list_surroundings(index)]
    yield Text.assemble((answer, "bold"), "\n".join(map(plain, about)))
    if chart and trace.peak.nbytes:
        yield Text(draw_sparkline(index, width=min(view.width or NARROWEST, _WIDEST_CHART)), "green")


def list_surroundings(index: TraceIndex) -> Iterator[str]:
    """Yield sentences about the ranks, the limit, and what the job asked for."""
    rank = index.trace.run.rank
    if index.job is not None:
        yield from (f"{sentence}." for sentence in ranks_sentences(index.job))
    elif rank is not None and rank.is_one_of_several:
        yield f"{describe_rank(rank)}."
    yield from (f"{text}." for text in (headroom_sentence(index), request_sentence(index)) if text)


def _list_tables(index: TraceIndex, names: FileNames, *, view: View) -> Iterator[RenderableType]:
    trace, moment = index.trace, view.moment
    from rich.console import Group
    from rich.text import Text

    job = index.job if view.by is By.LINE and moment is Moment.PEAK and not (view.library or view.processes) else None
    shown = make_row_table(index, names, view, width=view.width or NARROWEST) if job is None else None
    lines = None if job is None else make_job_line_table(job, names, limit=view.rows)
    if lines is not None:
        yield lines
    elif shown is not None:
        yield shown.table
    elif view.by is By.STACK and nbytes_at(trace, moment):
        yield make_stack_list(index, names, moment=moment, library=view.library, limit=view.rows)
    elif view.by is By.TREE and nbytes_at(trace, moment):
        yield make_call_tree(index, names, view=view)
    elif view.by is By.THREAD and nbytes_at(trace, moment):
        yield make_thread_table(index, moment=moment, limit=view.rows)
    if trace.before is not None:
        before = make_before_table(trace.before, limit=view.rows if view.by is By.ARRAY else view.buffers)
        if before is not None:
            yield Group(Text("Arrays that existed before the attach", "bold"), "", before)
    # The arrays at the end of a program that lacked memory show why: they are always listed.
    at_end = bool(ending_sentence(index, name_file=names.name)) and not ends_at(trace, moment)
    yield from _list_buffers(index, names, view, [moment, Moment.END] if at_end else [moment])
    rows, meanings = ((), () if lines is None else (LINES_NOTE,)) if shown is None else (shown.rows, shown.notes)
    notes = [*meanings, *list_notes(index, rows)]
    if notes:
        yield Text("\n".join(notes), "dim")


def _list_cluster(index: TraceIndex, *, view: View) -> Iterator[RenderableType]:
    """Yield the task groups and the workers of a cluster, and the address of its dashboard."""
    cluster = index.trace.cluster
    if view.by not in _BESIDE:
        return
    from rich.console import Group
    from rich.text import Text

    if cluster is None:
        if view.by in (By.TASK, By.WORKER) and index.trace.peak.nbytes:
            yield Text(f"This run has no {view.by.value}s: they are those of a Dask cluster, see ndmem.dask.track().")
        return

    if view.by is not By.WORKER:
        groups = make_task_table(index, moment=view.moment, limit=view.rows if view.by is By.TASK else _FEW)
        yield Group(Text("Task groups", "bold"), "", groups)
    if view.by is not By.TASK:
        workers = make_worker_table(
            index, limit=view.rows if view.by is By.WORKER else _FEW, width=view.width or NARROWEST
        )
        yield Group(Text("Workers", "bold"), "", workers)
        yield Text(RESIDENT_NOTE, "dim")
    dashboard = dashboard_sentence(cluster)
    if dashboard is not None:
        yield plain(dashboard)


def _list_buffers(index: TraceIndex, names: FileNames, view: View, moments: list[Moment]) -> Iterator[RenderableType]:
    """Yield the largest arrays and native blocks, of the process with most memory."""
    lead = find_lead(index)
    rank = "" if index.job is None else f" of rank {index.job.leader.rank.number:,}"
    index, whose = (index, rank) if lead is None else (lead.index, f" of child process {lead.process.pid}{rank}")
    trace, native = index.trace, native_matters(index)
    from rich.console import Group
    from rich.text import Text

    limit, width = view.rows if view.by is By.ARRAY else view.buffers, view.width or NARROWEST
    for moment in moments:
        largest = make_buffer_table(index, names, moment=moment, limit=limit, width=width)
        if largest is not None:
            yield Group(Text(f"Largest arrays {title_moment(trace, moment)}{whose}", "bold"), "", largest)
    for title, other in list_other_tables(index, names, moment=view.moment, limit=limit, width=width):
        yield Group(Text(f"{title}{whose}", "bold"), "", other)
    blocks = make_native_table(index, names, moment=view.moment, limit=limit, width=width) if native else None
    if blocks is not None:
        when = "total peak" if view.moment is Moment.PEAK else "end"
        yield Group(Text(f"Largest native blocks at the {when}{whose}", "bold"), "", blocks)


def _can_draw(console: Console, stream: IO[str]) -> bool:
    """Tell whether the stream is a terminal with block characters, which a chart needs."""
    return console.is_terminal and "utf" in (getattr(stream, "encoding", None) or "").lower()


def _list_ranks(index: TraceIndex, names: FileNames, *, view: View) -> Iterator[RenderableType]:
    job = index.job
    assert job is not None  # the caller has checked it
    from rich.console import Group
    from rich.text import Text

    yield Group(Text("Ranks", "bold"), "", make_rank_table(job, names, limit=view.rows))
    if job.notes:
        yield Text("\n".join(map(plain, job.notes)), "dim")


def _list_processes(index: TraceIndex, names: FileNames, *, view: View, file: str | None) -> Iterator[RenderableType]:
    trace = index.trace
    from rich.console import Group
    from rich.text import Text

    family = index.family
    several = len(family.members) > 1
    if several:
        tree = process_tree(index)
        heading = Text(plain(processes_heading(tree, file, merged=merges_processes(index, view))), "bold")
        yield Group(heading, "", make_process_table(tree, names, limit=view.rows))
    resident = resident_sentence(trace.together, several=several)
    if resident is not None:
        yield Text(resident, "dim")
    if family.notes:
        yield Text("\n".join(map(plain, family.notes)), "dim")
