"""Report of a run in Markdown: the answer, what to change, the lines, the arrays, and what was not measured."""

from __future__ import annotations

import shlex
from typing import IO, TYPE_CHECKING

from ndmem.analysis.answer.empty import fits_one_sentence
from ndmem.analysis.answer.lead import find_lead
from ndmem.analysis.background import native_matters
from ndmem.analysis.moment import Moment
from ndmem.analysis.over_time.processes import process_tree
from ndmem.reporting.moments import title_moment
from ndmem.reporting.paths import file_names
from ndmem.reporting.plain import encodable
from ndmem.reporting.sentences.answer import answer_sentence
from ndmem.reporting.sentences.brevity import shorten
from ndmem.reporting.sentences.ending import ending_sentence
from ndmem.reporting.sentences.mapped import mapped_sentence
from ndmem.reporting.sentences.total import total_sentence
from ndmem.reporting.text.notes import describe_run, list_notes
from ndmem.reporting.text.report import describe_empty, list_surroundings
from ndmem.reporting.text.tables.arrays_before import make_before_table
from ndmem.reporting.text.tables.cluster import make_task_table, make_worker_table
from ndmem.reporting.text.tables.lines import choose_rows
from ndmem.reporting.text.tables.native_blocks import make_native_table
from ndmem.reporting.text.tables.other_memory import list_other_tables
from ndmem.reporting.text.tables.processes import make_process_table, processes_sentence, resident_sentence
from ndmem.reporting.text.tables.ranks import LINES_NOTE, make_job_line_table, make_rank_table
from ndmem.reporting.view import View

from .bounds import LEVELS, LONGEST
from .findings import list_findings
from .inline import code_span, prose
from .lines import write_arrays, write_lines
from .text_table import convert_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ndmem.analysis.index import TraceIndex
    from ndmem.model.advice.finding import Finding
    from ndmem.reporting.paths import FileNames

    from .bounds import Bounds

_DEFAULT = View()
_WIDE = 10_000
"""Columns of a terminal in which no text is cut: the bounds of the page cut it."""


def write_markdown(
    index: TraceIndex,
    stream: IO[str],
    *,
    view: View = _DEFAULT,
    file: str | None = None,
    folder: str | None = None,
    findings: Sequence[Finding] = (),
) -> None:
    """Write a run in GitHub-flavoured Markdown of at most 5,000 bytes, however large it is.

    The arguments, and the errors, are those of `write_text`; of the view, only the moment and the choice of library
    frames matter.
    """
    if fits_one_sentence(index):
        stream.write(f"{prose(describe_empty(index.trace))}\n")
        return
    names = file_names(index.trace.run, folder=folder)
    page = ""
    for bounds in LEVELS:
        parts = [
            *_list_answer(index, names, view.moment, bounds),
            *_list_titled("What to change", list_findings(index, findings, names, bounds)),
            *_list_tables(index, names, view, bounds),
            *_list_others(index, names, view.moment, bounds),
            *_list_next(file),
        ]
        page = "\n\n".join(parts) + "\n"
        if len(page.encode()) <= LONGEST:
            break
    stream.write(encodable(page, getattr(stream, "encoding", None)))


def _list_titled(title: str, body: str) -> Iterator[str]:
    if body:
        yield f"### {title}"
        yield body


def _list_answer(index: TraceIndex, names: FileNames, moment: Moment, bounds: Bounds) -> Iterator[str]:
    """Yield how the program ended, the answer in bold, and what else is known of the run as a whole."""
    ending = ending_sentence(index, name_file=names.name)
    answer = answer_sentence(index, moment, name_file=names.name)
    yield from (
        f"**{prose(shorten(sentence, bounds.sentence))}.**" for sentence in (ending, answer) if sentence is not None
    )
    total = total_sentence(index, moment, name_file=names.name), mapped_sentence(index, name_file=names.name)
    about = [*(f"{sentence}." for sentence in total if sentence), describe_run(index, moment)]
    yield " ".join(prose(shorten(text, bounds.sentence)) for text in (*about, *list_surroundings(index)))


def _list_tables(index: TraceIndex, names: FileNames, view: View, bounds: Bounds) -> Iterator[str]:
    """Yield the lines, the arrays, and the notes on them."""
    moment, notes = view.moment, []
    job = index.job if moment is Moment.PEAK and not view.library else None
    lines = None if job is None else make_job_line_table(job, names, limit=bounds.lines)
    choice = choose_rows(index, view) if job is None else None
    if lines is not None:
        yield from _list_titled("Lines of all ranks", convert_table(lines, bounds))
        notes = [LINES_NOTE]
    elif choice is not None:
        table, notes = write_lines(choice, names, moment, bounds)
        yield from _list_titled("Lines", table)
    lead = find_lead(index)
    of, whose = (index, "") if lead is None else (lead.index, f" of child process {lead.process.pid}")
    rank = "" if index.job is None else f" of rank {index.job.leader.rank.number:,}"
    title = f"Largest arrays {title_moment(of.trace, moment)}{whose}{rank}"
    yield from _list_titled(title, write_arrays(of, names, moment, bounds))
    shown = () if choice is None else choice.selection.shown[: bounds.lines]
    notes += [*list_notes(index, shown), *index.family.notes, *([] if job is None else job.notes)]
    if index.trace.before is not None:
        before = make_before_table(index.trace.before, limit=bounds.others)
        if before is not None:
            yield from _list_titled("Arrays that existed before the attach", convert_table(before, bounds))
    yield from _list_titled("Notes", _list_items(notes, bounds))


def _list_items(notes: Sequence[str], bounds: Bounds) -> str:
    items = [f"- {prose(shorten(note, bounds.sentence))}" for note in notes[: bounds.notes]]
    left = len(notes) - len(items)
    return "\n".join([*items, *([f"- … and {left:,} more notes."] if left else [])])


def _list_others(index: TraceIndex, names: FileNames, moment: Moment, bounds: Bounds) -> Iterator[str]:
    """Yield tables that only some runs have: other memory, ranks, tasks, workers and processes."""
    lead = find_lead(index)
    of = index if lead is None else lead.index
    tables = [*list_other_tables(of, names, moment=moment, limit=bounds.others, width=_WIDE)]
    if native_matters(of):
        native = make_native_table(of, names, moment=moment, limit=bounds.others, width=_WIDE)
        tables += [] if native is None else [("Largest native blocks", native)]
    if index.job is not None:
        tables.append(("Ranks", make_rank_table(index.job, names, limit=bounds.others)))
    if index.trace.cluster is not None:
        tables.append(("Task groups", make_task_table(index, moment=moment, limit=bounds.others)))
        tables.append(("Workers", make_worker_table(index, limit=bounds.others, width=_WIDE)))
    for title, table in tables:
        yield from _list_titled(title, convert_table(table, bounds))
    if len(index.family.members) > 1:
        tree = process_tree(index)
        yield "### Processes"
        yield f"{prose(shorten(processes_sentence(tree), bounds.sentence))}."
        yield convert_table(make_process_table(tree, names, limit=bounds.others), bounds)
    resident = resident_sentence(index.trace.together, several=len(index.family.members) > 1)
    if resident is not None:
        yield prose(resident)


def _list_next(file: str | None) -> Iterator[str]:
    """Yield the commands that show more, for a file whose name can be written in one."""
    if file is not None and len(file) <= 80:
        name = shlex.quote(file)
        yield f"More: {code_span(f'ndmem report {name} --by stack')}, {code_span(f'ndmem advise {name}')}."
