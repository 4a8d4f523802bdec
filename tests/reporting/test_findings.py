"""Findings in the reports: the text, the page, the notebook's output and the JSON tell the same."""

import io
import json
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.reporting.html.page_reader import SMALL
from tests.reporting.samples import pipeline
from tests.traces import Frame, TraceBuilder

from ndmem.analysis.index import TraceIndex
from ndmem.model.advice.finding import Finding, Proof, Saving
from ndmem.model.advice.trial import Difference, Output, Trial
from ndmem.model.deep_facts import DeepFacts
from ndmem.model.family import Begun, Kin, Member, make_family
from ndmem.model.site import Site
from ndmem.reporting.export.findings_json import write_findings_json
from ndmem.reporting.export.json import write_json
from ndmem.reporting.html.findings import findings_html
from ndmem.reporting.html.notebook_cell import cell_html
from ndmem.reporting.html.page import write_html
from ndmem.reporting.text.findings import write_findings
from ndmem.reporting.text.report import write_text
from ndmem.reporting.view import View

MIB = 2**20
REFERENCE = Path(__file__).parents[2] / "docs/reference"
SCHEMA = json.loads((REFERENCE / "findings.schema.json").read_text("utf-8"))

FINDING = Finding(
    rule="NM102",
    name="updated-out-of-place",
    site=Site("/home/ada/pipeline.py", 11, 11, 4, 20, "main"),
    expression="table * 2",
    message="the old `table` dies here: while the new one is computed, there are two",
    fix="table *= 2",
    saving=Saving(61 * MIB, 0, 61 * MIB),
    peak_after_nbytes=122 * MIB,
    proof=Proof.VERIFIED,
    evidence={"nbytes": 61 * MIB, "shape": [1000, 8000]},
)


def as_text(*findings: Finding, index: TraceIndex | None = None, **options: Any) -> str:
    """Return findings as text."""
    stream = io.StringIO()
    write_findings(index or TraceIndex(pipeline()), findings, stream, width=100, folder="/home/ada", **options)
    return stream.getvalue()


def as_json(*findings: Finding, trials: bool = False) -> list[dict[str, Any]]:
    """Return what is read back from the JSON of findings, which the published schema describes."""
    stream = io.StringIO()
    write_findings_json(TraceIndex(pipeline()), findings, stream, trials=trials)
    document = json.loads(stream.getvalue())
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    found: list[dict[str, Any]] = document["findings"]
    return found


def test_a_finding_has_place_message_fix_and_saving() -> None:
    """The text of a finding is the place, what was seen, the fix on a line of its own, and what it saves."""
    assert as_text(FINDING) == (
        "What to change\n"
        "1. pipeline.py:11: the old `table` dies here: while the new one is computed, there are two (NM102)\n"
        "       table *= 2\n"
        "   saves 61 MiB of the peak: the next peak is 122 MiB (verified by replay)\n"
    )


TRIAL = Trial(183 * MIB, 123 * MIB, 5 * MIB, 5 * MIB, 0, 0, Output.SAME)


@pytest.mark.parametrize(
    ("trial", "wanted"),
    [
        (TRIAL, "   Output and exit status are the same\n"),
        (replace(TRIAL, output=Output.VARIES), "   The output differs from run to run and was not compared\n"),
        (
            replace(TRIAL, output=Output.DIFFERENT, difference=Difference(3, "1.5", None)),
            "   The output differs, first in line 3: (the output ends) instead of '1.5'\n",
        ),
        (
            replace(TRIAL, status_after=-9, stderr_difference=Difference(1, None, "\x1b[2J")),
            "   The exit status is -9 instead of 0\n"
            "   Standard error differs, first in line 1: '\\x1b[2J' instead of (the output ends)\n",
        ),
    ],
)
def test_a_trial_is_told_below_its_finding(trial: Trial, wanted: str) -> None:
    """Below a finding that was tried are the measured and the promised saving, and what differs, in text and JSON."""
    tried = replace(FINDING, trial=trial)
    text = as_text(tried)
    assert text == as_text(FINDING) + (
        f"   Tried: saved 60 MiB (a peak of 123 MiB instead of 183 MiB), 61 MiB were promised\n{wanted}"
    )
    document = as_json(tried, FINDING, trials=True)
    assert document[0]["trial"]["saved_nbytes"] == 60 * MIB
    assert document[0]["trial"]["output"] == trial.output.value
    assert document[1]["trial"] is None
    assert "trial" not in as_json(tried)[0]


def test_a_trial_of_what_is_kept_compares_that() -> None:
    """Where a fix only lowers what is kept at the end, the trial tells those bytes; a fix may also cost some."""
    kept = replace(FINDING, saving=Saving(0, 2 * MIB, 0), trial=replace(TRIAL, kept_after_nbytes=6 * MIB))
    assert "Tried: cost 1 MiB (6 MiB kept at the end instead of 5 MiB), 2 MiB were promised" in as_text(kept)


def test_a_saving_of_resident_memory_is_told_from_one_of_arrays() -> None:
    """What is not arrays is saved of resident memory, and the sentence says so; the JSON has the bytes."""
    saving = Saving(0, 0, 0, resident_nbytes=30 * MIB)
    finding = replace(FINDING, saving=saving, proof=Proof.ESTIMATED)
    assert "   saves 30 MiB of resident memory, beside what arrays take (estimated)\n" in as_text(finding)
    assert as_json(finding)[0]["saving"]["resident_nbytes"] == 30 * MIB


def test_nothing_to_advise_is_one_line() -> None:
    """Without findings the advice is one line, in text and in a notebook; a report says nothing about advice.

    If values could be examined and were not, the text has one more.
    """
    index = TraceIndex(pipeline())
    deep = TraceIndex(replace(pipeline(), deep=DeepFacts()))
    assert as_text(index=deep) == "Nothing to advise.\n"
    first, second = as_text().split("\n", 1)
    assert first == "Nothing to advise."
    assert "ndmem run --deep" in second
    assert "Nothing to advise." in findings_html(index, ())
    stream = io.StringIO()
    write_text(index, stream)
    assert "advise" not in stream.getvalue()


def test_a_fix_of_several_lines_is_not_wrapped() -> None:
    """Each line of a fix is one line, however narrow the terminal, with its own indentation."""
    long = "    total += " + " + ".join(["value"] * 30)
    shown = as_text(replace(FINDING, fix=f"for value in values:\n{long}")).splitlines()
    assert shown[2:4] == ["       for value in values:", f"       {long}"]


def test_a_finding_without_a_fix_has_no_line_for_it() -> None:
    """A finding without code for a fix has its place and its saving only."""
    assert len(as_text(replace(FINDING, fix=None)).splitlines()) == 3


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"saving": Saving(61 * MIB, 30 * MIB, 0)},
            "saves 61 MiB of the peak: the next peak is 122 MiB, and 30 MiB less is kept at the end (verified",
        ),
        ({"saving": Saving(0, 30 * MIB, 0)}, "saves 30 MiB of what is kept at the end (verified by replay)"),
        ({"proof": Proof.ESTIMATED}, "the next peak is 122 MiB (estimated)"),
        ({"evidence": {"together_with": ["/home/ada/pipeline.py:6"]}}, "together with line 6: saves 61 MiB"),
        (
            {"evidence": {"together_with": ["/home/ada/pipeline.py:10", "/home/ada/pipeline.py:9"]}},
            "together with lines 9 and 10: saves 61 MiB",
        ),
        (
            {"evidence": {"together_with": ["/home/ada/c:d/a.py:3", "/home/ada/pipeline.py:7"]}},
            "together with line 7 and c:d/a.py:3: saves",
        ),
    ],
)
def test_the_saving_says_what_is_saved_and_how_it_is_known(changes: dict[str, Any], sentence: str) -> None:
    """The sentence tells peak and kept bytes, the proof, and the lines that must be changed together."""
    assert sentence in " ".join(as_text(replace(FINDING, **changes)).split())


def test_the_findings_beyond_the_rows_are_counted() -> None:
    """A report has three findings and names the command that lists the others; ``rows`` chooses how many are shown."""
    many = [replace(FINDING, rule=f"NM{number}") for number in range(101, 106)]
    stream = io.StringIO()
    write_text(TraceIndex(pipeline()), stream, file="a run.ndmem", findings=many)
    assert [f"(NM{number})" in stream.getvalue() for number in range(101, 106)] == [True] * 3 + [False] * 2
    assert "… 2 more: ndmem advise 'a run.ndmem'\n" in stream.getvalue()
    assert as_text(*many, rows=4).splitlines()[-1] == "… 1 more: print(ndmem.advise(run))"
    assert "more" not in as_text(*many)


def test_the_findings_follow_the_answer() -> None:
    """In a report the findings are below the answer and above the table of lines."""
    stream = io.StringIO()
    write_text(TraceIndex(pipeline()), stream, view=View(width=120), findings=[FINDING])
    text = stream.getvalue()
    assert 0 <= text.index("Peak ") < text.index("What to change") < text.index("share")


def test_a_finding_of_a_child_names_its_process() -> None:
    """A finding of one child names the child; one of several counts them."""
    program, child = TraceBuilder(), TraceBuilder()
    child.born((Frame("/home/ada/work.py", 3),), 9000)
    traces = [program.build(), child.build()]
    runs = [replace(trace.run, pid=pid, started=float(pid)) for trace, pid in zip(traces, (7, 8), strict=True)]
    members = [replace(trace, run=run) for trace, run in zip(traces, runs, strict=True)]
    family = make_family([Member(members[0]), Member(members[1], Kin(Begun.FORK, (7,), "worker-1"))])
    index = TraceIndex(members[0], family=family)
    assert "saves 61 MiB of the peak of child process 8 (worker-1): the next peak" in as_text(
        replace(FINDING, pids=(8,)), index=index
    )
    assert "saves 61 MiB of the peak in each of 2 processes: the" in as_text(replace(FINDING, pids=(8, 7)), index=index)
    assert as_json(replace(FINDING, pids=(8,)))[0]["evidence"]["pids"] == [8]


def test_the_json_has_every_field() -> None:
    """Each field of a finding is in the JSON under its name; the peak after the change is part of the evidence."""
    assert as_json(FINDING) == [
        {
            "rule": "NM102",
            "name": "updated-out-of-place",
            "site": {"filename": "/home/ada/pipeline.py", "lineno": 11, "function": "main", "col": 4, "end_col": 20},
            "expression": "table * 2",
            "message": FINDING.message,
            "fix": "table *= 2",
            "saving": {
                "peak_nbytes": 61 * MIB,
                "kept_nbytes": 0,
                "total_nbytes": 61 * MIB,
                "resident_nbytes": None,
            },
            "proof": "verified",
            "evidence": {"nbytes": 61 * MIB, "shape": [1000, 8000], "peak_after_nbytes": 122 * MIB},
        }
    ]
    assert as_json() == []


def test_the_report_and_the_advice_have_one_schema_for_a_finding() -> None:
    """Report and ``ndmem advise --json`` have the same findings, described alike; only ``--try`` adds a trial."""
    stream = io.StringIO()
    write_json(TraceIndex(pipeline()), stream, findings=[FINDING])
    document = json.loads(stream.getvalue())
    schema = json.loads((REFERENCE / "report.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(document)
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert document["findings"] == as_json(FINDING)
    shared = {name: part for name, part in SCHEMA["$defs"].items() if name not in {"trial", "difference"}}
    properties = {name: part for name, part in shared["finding"]["properties"].items() if name != "trial"}
    shared["finding"] = {**shared["finding"], "properties": properties}
    assert {name: schema["$defs"][name] for name in shared} == shared


def test_page_and_notebook_tell_what_the_text_tells() -> None:
    """Message, fix and saving are the same texts on the page, in both outputs of a notebook, and in the terminal."""
    index, page = TraceIndex(pipeline()), io.StringIO()
    write_html(index, page, plotlyjs=SMALL, folder="/home/ada", findings=[FINDING])
    outputs = [page.getvalue(), cell_html(index, findings=[FINDING]), findings_html(index, [FINDING])]
    for output in outputs:
        for text in (
            FINDING.message.replace("`", ""),
            "table *= 2",
            "saves 61 MiB of the peak: the next peak is 122 MiB (verified",
        ):
            assert text in unescape(output).replace("<code>", "").replace("</code>", "")
    assert "What to change" not in cell_html(index)


def test_the_page_links_the_line_of_a_finding() -> None:
    """A finding on the page links the line in the source below, if the source is on the page."""
    page, trace = io.StringIO(), pipeline()
    line = next(
        (site.filename, site.lineno)
        for site in trace.sites
        if site.filename in trace.sources and site.lineno and "site-packages" not in site.filename
    )
    here = replace(FINDING, site=replace(FINDING.site, filename=line[0], lineno=line[1]))
    elsewhere = replace(FINDING, site=replace(FINDING.site, filename="/home/ada/other.py"))
    write_html(TraceIndex(trace), page, plotlyjs=SMALL, folder="/home/ada", findings=[here, elsewhere])
    section = page.getvalue().partition('id="findings-title"')[2].partition("</section>")[0]
    anchor = section.partition('<a href="#')[2].partition('"')[0]
    assert section.count("<a href=") == 1
    assert page.getvalue().count(f'<tr id="{anchor}">') == 1


def test_texts_of_the_program_are_escaped() -> None:
    """Markup and escape sequences in what a rule quotes reach neither the page nor the terminal."""
    harmful = replace(FINDING, message="<script>x</script>\x1b[31m", fix="a = '<b>\x1b[0m'")
    index, page = TraceIndex(pipeline()), io.StringIO()
    write_html(index, page, plotlyjs=SMALL, findings=[harmful])
    for html in (page.getvalue(), cell_html(index, findings=[harmful]), findings_html(index, [harmful])):
        assert "<script>x" not in html
        assert "<b>\\x1b" not in html
        assert "\x1b" not in html
    assert "\x1b" not in as_text(harmful)
