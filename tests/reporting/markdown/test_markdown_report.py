"""The report of a run in Markdown, as a renderer of CommonMark with tables reads it."""

import dataclasses
import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.random_traces import traces
from tests.rank_traces import MIB, job_index, rank_trace
from tests.reporting.samples import factoring, harmful, hostile, pipeline
from tests.reporting.test_findings import FINDING
from tests.reporting.text.test_before_table import BEFORE
from tests.traces import Frame, TraceBuilder

from ndmem.analysis.index import TraceIndex
from ndmem.analysis.moment import Moment
from ndmem.model.holder import Holder
from ndmem.model.trace import Trace
from ndmem.reporting.markdown.report import write_markdown
from ndmem.reporting.view import View

markdown_it = pytest.importorskip("markdown_it")
RENDERER = markdown_it.MarkdownIt("commonmark").enable(["table", "strikethrough"])
LONGEST = 5_000
BLOCKS = {
    "paragraph",
    "heading",
    "bullet_list",
    "ordered_list",
    "list_item",
    "fence",
    "inline",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
}
INSIDE = {"text", "code_inline", "strong_open", "strong_close", "softbreak"}


def write(source: Trace | TraceIndex, **options: object) -> str:
    """Return the page of a run."""
    stream = io.StringIO()
    index = source if isinstance(source, TraceIndex) else TraceIndex(source)
    write_markdown(index, stream, folder="/home/ada", **options)
    return stream.getvalue()


def read(page: str) -> dict[str, list[list[str]]]:
    """Return the tables by their headings, after a check that the page has nothing but what ndmem writes."""
    assert len(page.encode("utf-8", "surrogatepass")) <= LONGEST
    tables: dict[str, list[list[str]]] = {}
    heading, is_heading = "", False
    for token in RENDERER.parse(page):
        name = token.type.removesuffix("_open").removesuffix("_close")
        assert name in BLOCKS, token
        is_heading = token.type == "heading_open" or (is_heading and token.type != "heading_close")
        if token.type == "inline":
            assert {child.type for child in token.children} <= INSIDE, token.content
            if is_heading:
                heading = token.content
            elif tables.get(heading):
                tables[heading][-1].append("".join(child.content for child in token.children))
        elif token.type == "table_open":
            tables[heading] = []
        elif token.type == "tr_open":
            tables[heading].append([])
    assert all(len(row) == len(rows[0]) for rows in tables.values() for row in rows if heading)
    return tables


def test_the_page_of_a_run() -> None:
    """The answer is first and in bold; findings have rule, line, fix and saving; lines and arrays are tables."""
    page = write(pipeline(), findings=[FINDING], file="run.ndmem")
    tables = read(page)
    assert page.startswith("**Peak 601 MiB: 400 MiB are 2 arrays of 200 MiB allocated at pipeline.py:5 in normalise")
    assert (
        "1. `pipeline.py:11`: the old `table` dies here: while the new one is computed, there are two (NM102); s"
        in page
    )
    assert "\n   ```python\n   table *= 2\n   ```\n" in page
    assert tables["Lines"][0] == ["share", "at peak", "temporary", "kept", "total", "count", "line", "source"]
    assert tables["Lines"][1][-2:] == ["pipeline.py:5", "return (x - mean) / x.std(axis=0)"]
    arrays = tables["Largest arrays at the peak"]
    assert arrays[1] == ["200 MiB", "pipeline.py:7 np.arange(26_214_400.0)", "raw, x (26214400,) float64"]
    assert arrays[-1][:2] == ["601 MiB", "all"]
    assert page.endswith("More: `ndmem report run.ndmem --by stack`, `ndmem advise run.ndmem`.\n")


@pytest.mark.parametrize("trace", [hostile(), harmful(), factoring(), dataclasses.replace(pipeline(), before=BEFORE)])
@pytest.mark.parametrize("moment", Moment)
def test_no_text_of_a_program_is_markup(trace: Trace, moment: Moment) -> None:
    """Names, source, notes and findings that try to be HTML, links or other rows stay text in their places."""
    finding = dataclasses.replace(FINDING, message="</script> @ada #1 | `x", fix="```\n| a |\n</details>")
    page = write(trace, view=View(moment=moment), findings=[finding])
    read(page)
    assert "\x1b" not in page


NAMES = st.text(st.sampled_from("ab/`|\\*_<>[]()#@!~&$: 漢\n"), min_size=1, max_size=400)


@settings(max_examples=40, deadline=None)
@given(NAMES, NAMES, NAMES, st.integers(1, 60))
def test_the_page_is_short_whatever_the_names(name: str, source: str, holder: str, lines: int) -> None:
    """With any names and any number of lines the page has at most 5,000 bytes, and its tables are whole."""
    builder = TraceBuilder()
    for lineno in range(1, lines + 1):
        builder.born((Frame(f"/home/ada/{name}.py", lineno, name, (0, 20)),), lineno * MIB)
    found = [Holder(number, holder, name, (5,), holder, is_view=False) for number in range(lines)]
    trace = builder.build(
        sources={f"/home/ada/{name}.py": "\n".join([source.replace("\n", " ")] * lines)},
        holders=found, notes=(holder,) * 20, program=(name, source),
    )  # fmt: skip
    read(write(trace, findings=[dataclasses.replace(FINDING, message=source, fix=name)] * 5, file=name))


@pytest.mark.long
@settings(max_examples=30, deadline=None)
@given(traces(native=True))
def test_any_program_has_a_page(trace: Trace) -> None:
    """For any program the page is valid and short."""
    read(write(trace))


def test_the_ranks_of_a_job_have_their_tables() -> None:
    """The lines are those of all ranks, and the ranks have a table of their own."""
    job = job_index([rank_trace(number, {2: (number + 1) * MIB, 3: MIB}, size=4) for number in range(4)], ["old | x"])
    tables = read(page := write(job))
    assert tables["Lines of all ranks"][:2] == [
        ["max", "median", "rank", "in", "line", "source"],
        ["4 MiB", "2.5 MiB", "3", "4", "pipeline.py:2", "a = np.ones(n)"],
    ]
    assert [row[0] for row in tables["Ranks"]] == ["peak", "5 MiB", "4 MiB", "3 MiB", "2 MiB"]
    assert "- old `|` x" in page
    assert {row[1] for row in tables["Ranks"][1:]} == {"?"}  # their resident memory


def test_a_run_without_arrays_is_one_sentence() -> None:
    """Where nothing was allocated the page says so."""
    assert write(TraceBuilder().build()) == "No array memory: no array was allocated.\n"


def test_what_was_not_measured_is_among_the_notes() -> None:
    """Dropped events and arrays from before an attach are said."""
    page = write(dataclasses.replace(pipeline(dropped=7), before=BEFORE))
    assert "- 7 events were dropped" in page
    assert re.search(r"- The figures count from the attach on: 7 arrays of 6 MiB existed before", page)
    assert "Arrays that existed before the attach" in read(page)


def test_a_stream_that_lacks_characters_gets_the_page_without_them() -> None:
    """In ASCII the mark of a cut is another one, and no error is raised."""
    stream = io.TextIOWrapper(io.BytesIO(), "ascii")
    write_markdown(TraceIndex(hostile()), stream, folder="/home/ada")
    stream.flush()
    assert b"Peak" in stream.buffer.getvalue()
