"""The page stays small, runs only its own scripts, and exists for any program."""

import base64
import hashlib
import io
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from tests.random_traces import traces
from tests.reporting.html.page_reader import read
from tests.reporting.samples import MIB, harmful, hostile, pipeline
from tests.traces import USER, Frame, TraceBuilder

import ndmem
from ndmem.analysis.index import TraceIndex
from ndmem.analysis.moment import Moment
from ndmem.analysis.over_time.timeline import timeline
from ndmem.model.trace import Trace
from ndmem.reporting.html.charts.plotlyjs import find_plotlyjs
from ndmem.reporting.html.page import write_html
from ndmem.units import format_nbytes


def test_charts_have_at_most_2000_points_and_keep_the_peak() -> None:
    """Of 10,000 events 2,000 points are drawn, and the one spike among them is the highest."""
    builder = TraceBuilder()
    for number in range(5000):
        nbytes = 9 * MIB if number == 2345 else 5000
        builder.died(builder.born((Frame(USER, 1),), nbytes, time_s=number), (Frame(USER, 1),), time_s=number + 0.5)
    trace = builder.build(duration_s=5000.0)
    drawn = read(trace).data["timeline"]
    assert len(drawn["time"]) <= 2000
    assert max(drawn["layers"][0]["nbytes"]) == 9 * MIB
    assert drawn["peaks"] == [{"name": "peak of arrays", "time": 2345.0, "nbytes": 9 * MIB}]


@pytest.mark.parametrize("trace", [harmful(), hostile()], ids=["scripts", "escapes"])
def test_the_programs_texts_stay_text(trace: Trace) -> None:
    """No element, no attribute and no script comes from the program's texts, and nothing that does not print."""
    page, plain = read(trace), read(pipeline())
    assert len(page.scripts) == len(plain.scripts)
    assert set(page.tags) <= set(plain.tags)
    assert {name for name, _ in page.attributes} <= {name for name, _ in plain.attributes} | {"class"}
    assert not any(name.startswith("on") for name, _ in page.attributes)
    assert page.html.replace("\n", "").isprintable()
    assert page.data["icicles"]["labels"]


def test_the_policy_allows_the_pages_own_scripts_alone() -> None:
    """The hashes of the policy are those of the scripts that run, and everything else is forbidden."""
    page = read(pipeline(), plotlyjs=find_plotlyjs("inline"))
    policy = next(value for name, value in page.attributes if name == "content" and value and "script-src" in value)
    hashes = {
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for attributes, text in page.scripts
        if "type" not in attributes
    }
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["default-src"] == "'none'"
    assert set(directives["script-src"].split()) == hashes
    assert len(hashes) == 2


def test_the_library_can_be_elsewhere(tmp_path: Path) -> None:
    """With ``cdn`` or a file the page is small, names the address, and the file is written once."""
    with ndmem.track() as run:
        pass
    (tmp_path / "pages").mkdir()
    shared = tmp_path / "plotly.min.js"
    run.to_html(tmp_path / "pages/a.html", plotlyjs=str(shared))
    written = shared.stat().st_mtime_ns
    run.to_html(tmp_path / "pages/b.html", plotlyjs=str(shared))
    assert shared.stat().st_mtime_ns == written
    assert shared.stat().st_size > 1_000_000
    page = (tmp_path / "pages/b.html").read_text("ascii")
    assert '<script src="../plotly.min.js"></script>' in page
    assert len(page) < 100_000
    assert '<script src="https://cdn.plot.ly/plotly-' in str(run.to_html(plotlyjs="cdn"))


def test_no_page_needs_the_package_plotly(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page has Plotly's JavaScript from ndmem itself, also where Plotly's package for Python is not installed."""
    monkeypatch.setitem(sys.modules, "plotly", None)
    stream = io.StringIO()
    write_html(TraceIndex(pipeline()), stream)
    assert find_plotlyjs("inline").text in stream.getvalue()


def test_a_run_without_arrays_has_a_page() -> None:
    """The page of a run without arrays states that no line allocated one."""
    page = read(TraceBuilder().build())
    assert "No array memory: no array was allocated." in page.text
    assert "No line allocated an array." in page.text
    assert page.data["timeline"]["peaks"] == []


@pytest.mark.long
@settings(max_examples=30, deadline=None)
@given(traces(native=True))
def test_any_program_has_a_page(trace: Trace) -> None:
    """For any program the page is whole, and its timeline and its arrays are the trace's."""
    page = read(trace)
    assert dict(page.attributes)["data-peak-nbytes"] == str(trace.peak.nbytes)
    beside = [layer["nbytes"] for layer in page.data["timeline"]["beside"]]
    assert [sum(at) for at in zip(*beside, strict=True)] == [
        point.native_nbytes for point in timeline(TraceIndex(trace))
    ]
    for moment in Moment:
        nbytes = trace.peak.nbytes if moment is Moment.PEAK else trace.live_nbytes
        assert f'<b data-nbytes="{nbytes}">{format_nbytes(nbytes)}</b>' in page.html
