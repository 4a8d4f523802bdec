"""The report of a job's ranks as text, as JSON and as a page: the same figures in each."""

import io
import json

import jsonschema
from tests.rank_traces import MIB, job_index, rank_trace
from tests.reporting.export.json_report import VALIDATOR
from tests.reporting.html.page_reader import SMALL, Page

from ndmem.analysis.index import TraceIndex
from ndmem.reporting.export.json import write_json
from ndmem.reporting.html.page import write_html
from ndmem.reporting.text.report import write_text
from ndmem.reporting.view import By, View


def _index(ranks: int = 4) -> TraceIndex:
    return job_index(
        [
            rank_trace(number, {2: (number + 1) * MIB, 3: MIB}, size=ranks, host=f"node{number // 2}")
            for number in range(ranks)
        ],
        ["old.ndmem cannot be read: it is truncated."],
    )


def _text(index: TraceIndex, **view: object) -> str:
    stream = io.StringIO()
    write_text(index, stream, view=View(**{"width": 100, **view}), folder="/home/ada")
    return stream.getvalue()


def test_the_tables_of_the_text() -> None:
    """The lines have maximum and median, the ranks come with the highest first, and notes are below."""
    rows = [" ".join(line.split()) for line in _text(_index()).splitlines()]
    at = rows.index("max median rank in line source")
    assert rows[at + 1 : at + 3] == [
        "4 MiB 2.5 MiB 3 4 pipeline.py:2 a = np.ones(n)",
        "1 MiB 1 MiB 0 4 pipeline.py:3 b = a + 1",
    ]
    at = rows.index("peak RSS kept rank where")
    assert rows[at + 1 : at + 5] == [
        f"{number + 2} MiB ? {number + 2} MiB {number} node{number // 2}, pipeline.py:3" for number in (3, 2, 1, 0)
    ]
    assert "old.ndmem cannot be read: it is truncated." in rows


def test_a_long_table_ends_with_the_range_of_the_rest() -> None:
    """Of many ranks those with most are shown, and the others are counted with their highest and lowest peak."""
    text = " ".join(_text(_index(ranks=9), rows=3).split())
    assert "… and 6 more, 7 MiB to 2 MiB" in text


def test_other_views_are_about_the_rank_with_most() -> None:
    """A view by function has the figures of one rank, as the first sentence and the heading of its arrays say."""
    text = _text(_index(), by=By.FUNCTION)
    assert text.startswith("Peak 5 MiB in rank 3: 4 MiB is one array allocated at pipeline.py:2")
    assert "Largest arrays at the peak of rank 3" in text


def test_text_json_and_page_have_the_same_figures() -> None:
    """Ranks and lines have equal bytes in all formats, and the JSON is valid."""
    index = _index()
    stream = io.StringIO()
    write_json(index, stream)
    document = json.loads(stream.getvalue())
    VALIDATOR.validate(document)
    job = document["job"]
    assert [rank["peak_nbytes"] for rank in job["ranks"]] == [2 * MIB, 3 * MIB, 4 * MIB, 5 * MIB]
    assert (job["leader"], job["missing"], job["peak_nbytes_sum"]) == (3, [], 14 * MIB)
    assert document["rank"] == {"number": 3, "size": 4, "launcher": "Slurm", "job": "17.0", "host": "node1"}
    stream = io.StringIO()
    write_html(index, stream, plotlyjs=SMALL)
    page = Page(stream.getvalue())
    values = page.values["ranks-table"][1:]
    assert [(int(row[0]), int(row[1])) for row in values] == [
        (rank["rank"], rank["peak_nbytes"]) for rank in reversed(job["ranks"])
    ]
    lines = page.values["rank-lines-table"][1:]
    assert [[int(value) for value in row[:4]] for row in lines] == [
        [line[name] for name in ("max_nbytes", "median_nbytes", "max_rank", "ranks")] for line in job["lines"]
    ]


def test_a_run_of_one_rank_has_no_job() -> None:
    """The report of one file says which rank it is, and has no tables of others."""
    index = TraceIndex(rank_trace(2, {2: MIB}))
    text = _text(index)
    assert "Rank 2 of 4 on node0 (Slurm, job 17.0)." in text
    assert "Ranks" not in text
    stream = io.StringIO()
    write_json(index, stream)
    document = json.loads(stream.getvalue())
    jsonschema.validate(document, VALIDATOR.schema)
    assert (document["job"], document["rank"]["number"]) == (None, 2)


def test_malicious_names_stay_text() -> None:
    """The name of a machine or a job cannot control a terminal, nor become HTML."""
    harm = "\x1b[31m<script>\x07"
    index = job_index([rank_trace(number, {2: MIB}, host=f"{harm}{number}", job=harm, size=2) for number in range(2)])
    assert "\x1b" not in _text(index)
    page = io.StringIO()
    write_html(index, page, plotlyjs=SMALL)
    assert "<script>\\x07" not in page.getvalue()
    assert "\x1b" not in page.getvalue()
