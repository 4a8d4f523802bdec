"""The report of a run in which child processes have the memory."""

import io
import json
from dataclasses import replace

from tests.reporting.samples import MIB
from tests.traces import USER, Frame, TraceBuilder

from ndmem.analysis.answer.lead import find_lead
from ndmem.analysis.index import TraceIndex
from ndmem.analysis.tables.merged import merged_lines
from ndmem.model.family import Begun, Family, Kin, Member, make_family
from ndmem.model.trace import Trace
from ndmem.reporting.export.json import write_json
from ndmem.reporting.sentences.answer import answer_sentence
from ndmem.reporting.text.report import write_text
from ndmem.reporting.view import View


def build(*arrays: tuple[int, int]) -> Trace:
    """Return a trace of arrays that stay, each of a line and so many MiB."""
    builder = TraceBuilder()
    for lineno, size in arrays:
        builder.born((Frame(USER, lineno, "work"),), size * MIB)
    return builder.build()


def family(program: Trace, *children: Trace) -> tuple[TraceIndex, Family]:
    """Return a run whose program started these children, with pids from 5000 on."""
    members = [Member(program)]
    for number, trace in enumerate(children):
        run = replace(trace.run, pid=5000 + number, started=program.run.started + number)
        members.append(Member(replace(trace, run=run), Kin(Begun.FORK, (program.run.pid,), f"Worker-{number}")))
    found = make_family(members)
    return TraceIndex(program, family=found), found


def render(index: TraceIndex, **options: bool) -> str:
    """Return the report as text."""
    stream = io.StringIO()
    write_text(index, stream, view=View(width=120, **options), folder="/home/ada")
    return stream.getvalue()


def test_the_answer_is_about_the_child_that_has_the_memory() -> None:
    """A launcher without arrays: the sentence names the child with most, its line and its arrays, in all formats."""
    index, _ = family(build(), build((3, 60)), build((3, 90), (4, 5)))
    sentence = answer_sentence(index)
    assert sentence == (
        "Peak 95 MiB in child process 5001 (Worker-1): 90 MiB is one array allocated at pipeline.py:3 in work; reached "
        "at pipeline.py:4 in work"
    )
    text = render(index)
    assert " ".join(text.split()).startswith(f"{sentence}. ")
    assert "Largest arrays at the peak of child process 5001" in text
    document = io.StringIO()
    write_json(index, document)
    answer = json.loads(document.getvalue())["answer"]
    assert (answer["pid"], answer["nbytes"], answer["line_nbytes"]) == (5001, 95 * MIB, 90 * MIB)
    assert answer["allocated_at"]["lineno"] == 3


def test_a_program_with_half_of_it_speaks_for_itself() -> None:
    """A child leads only if it has more than twice the memory of the program."""
    assert find_lead(family(build((1, 50)), build((3, 100)))[0]) is None
    lead = find_lead(family(build((1, 49)), build((3, 99)))[0])
    assert lead is not None
    assert (lead.process.pid, lead.process.peak_nbytes) == (5000, 99 * MIB)


def test_lines_of_all_processes_are_summed() -> None:
    """A line that two workers ran has the bytes and arrays of both, and its share of the sum of all peaks."""
    index, _ = family(build((1, 100)), build((3, 60)), build((3, 30), (4, 10)))
    lines = {line.lineno: line for line in merged_lines(index)}
    assert [(n, lines[n].at_peak_nbytes // MIB, lines[n].count) for n in lines] == [(1, 100, 1), (3, 90, 2), (4, 10, 1)]
    assert [lines[n].share for n in lines] == [0.5, 0.45, 0.05]
    assert lines[3].peak_nbytes == 60 * MIB


def test_processes_are_merged_on_request_or_if_a_child_leads() -> None:
    """Otherwise the lines are the program's own, and the report says whose they are."""
    leading, _ = family(build((1, 100)), build((3, 60)))
    own, merged = render(leading), render(leading, processes=True)
    assert "pipeline.py:3  in work" not in own
    assert "The lines above are the program's own." in " ".join(own.split())
    assert "pipeline.py:3  in work" in merged
    assert "The lines are those of 2 processes, summed: each at its own peak." in merged
    assert "The lines above are of all processes together." in " ".join(merged.split())
    led, _ = family(build(), build((3, 60)))
    assert "pipeline.py:3  in work" in render(led)


def test_a_program_alone_has_its_own_lines() -> None:
    """Without children the choice changes nothing."""
    index = TraceIndex(build((1, 100)))
    assert render(index, processes=True) == render(index)
