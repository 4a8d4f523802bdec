"""A comparison of two runs as a page of HTML."""

import io
import json

import pytest
from tests.analysis.test_diff import after, before
from tests.reporting.html.page_reader import SMALL, Page
from tests.reporting.samples import MIB, factoring, harmful, hostile, pipeline

from ndmem.analysis.diff import diff_traces
from ndmem.analysis.index import TraceIndex
from ndmem.model.trace import Trace
from ndmem.reporting.export.diff_json import write_diff_json
from ndmem.reporting.html.diff_page import write_diff_html


def read(first: Trace, second: Trace) -> Page:
    """Return the page of two traces."""
    stream = io.StringIO()
    write_diff_html(
        diff_traces(TraceIndex(first), TraceIndex(second)),
        TraceIndex(first),
        TraceIndex(second),
        stream,
        plotlyjs=SMALL,
        folder="/home/bob",
    )
    assert stream.getvalue().isascii()
    return Page(stream.getvalue())


def test_totals_lines_functions_and_arrays() -> None:
    """The sentences of the text come first, then a row for each change with its figures."""
    page = read(before(), after())
    assert "Peak: 16 MiB, then 19 MiB: 3 MiB more (+18.8 %)." in page.text
    assert page.tables["lines-table"][1:3] == [
        ["+3 MiB", "10 MiB", "13 MiB", "-", "+3 MiB", "+3 MiB", "copy/pipeline.py:4 (was 2)", "", "kept = np.ones(10)"],
        ["-", "-", "-", "-", "+1 MiB", "+1 MiB", "copy/pipeline.py:8", "new", "extra = np.ones(7)"],
    ]
    assert page.tables["arrays-table"][1][:5] == ["+3 MiB", "10 MiB", "13 MiB", "1", "1"]
    assert [row[-1] for row in page.tables["functions-table"][1:]] == ["<module>"]
    assert "1 other function: no change in these figures." in page.text


def test_both_timelines_have_their_peaks() -> None:
    """The data of the chart has each run's peak."""
    page = read(before(), after())
    assert [max(page.data[name]["nbytes"]) for name in ("before", "after")] == [16 * MIB, 19 * MIB]


def test_the_page_and_the_json_agree() -> None:
    """Each line's change on the page is that of the JSON; two lines of it have none in the page's figures."""
    diff, stream = diff_traces(TraceIndex(before()), TraceIndex(after())), io.StringIO()
    write_diff_json(diff, stream)
    lines = json.loads(stream.getvalue())["lines"]
    changes = [
        (line["after"] or {"own_nbytes": 0})["own_nbytes"] - (line["before"] or {"own_nbytes": 0})["own_nbytes"]
        for line in lines
    ]
    shown = [row[0] for row in read(before(), after()).values["lines-table"][1:]]
    assert shown == [str(each) for each in changes[: len(shown)]]
    assert changes[len(shown) :] == [0, 0]


def test_no_difference_is_said() -> None:
    """A run and itself have one sentence and no table."""
    page = read(factoring(), factoring())
    assert "No difference: every figure is the same in both runs." in page.text
    assert page.tables == {}


@pytest.mark.parametrize("trace", [harmful(), hostile()], ids=["scripts", "escapes"])
def test_what_the_programs_say_stays_text(trace: Trace) -> None:
    """No element and no script comes from a program's texts, on either side."""
    plain = read(pipeline(), before())
    for page in (read(trace, pipeline()), read(pipeline(), trace)):
        assert len(page.scripts) == len(plain.scripts)
        assert set(page.tags) <= set(plain.tags)
        assert page.html.replace("\n", "").isprintable()
