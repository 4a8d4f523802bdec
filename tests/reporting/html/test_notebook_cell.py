"""A run as the output of a notebook's cell."""

import re
from html import unescape

import pytest
from hypothesis import given, settings
from tests.random_traces import traces
from tests.reporting.html.page_reader import Page
from tests.reporting.samples import MIB, harmful, pipeline
from tests.traces import NUMPY, Frame, TraceBuilder

from ndmem.analysis.index import TraceIndex
from ndmem.model.trace import Trace
from ndmem.reporting.html.notebook_cell import cell_html
from ndmem.reporting.html.tables.lines import line_table_html

MOST_NBYTES = 300_000


def page_of(html: str) -> str:
    """Return the page inside the frame."""
    found = re.search(r"srcdoc='([^']*)'", html)
    assert found is not None
    return unescape(found[1])


def long_run(filename: str) -> Trace:
    """Return a run of 3,000 lines in deep stacks, 20,000 events and long texts."""
    builder = TraceBuilder(native_threshold=4096)
    source = "\n".join(f"result_{number} = combine(first_{number}, {'argument, ' * 15})" for number in range(3000))
    for number in range(10_000):
        stack = tuple(Frame(filename, (number * step) % 3000 + 1, f"function_{step}", (0, 20)) for step in range(1, 8))
        buffer = builder.born((*stack, Frame(NUMPY, number % 500, "inner")), 5000 + number, time_s=number / 100)
        if number % 3:
            builder.died(buffer, stack, within=6, time_s=number / 100)
    return builder.build(sources={filename: source}, duration_s=100.0)


def test_the_table_comes_first_and_the_page_is_behind_it() -> None:
    """The fragment begins with the table that needs no script; the frame has the page with the same peak."""
    html = cell_html(TraceIndex(pipeline()), folder="/home/ada")
    assert html.startswith(line_table_html(TraceIndex(pipeline()), folder="/home/ada"))
    assert '<iframe sandbox="allow-scripts" loading="lazy"' in html
    page = Page(page_of(html))
    assert dict(page.attributes)["data-peak-nbytes"] == str(601 * MIB)
    assert page.tables["lines-table"][1][1] == "400 MiB"


def test_a_long_run_is_light() -> None:
    """However long the run, the cell has at most 300 KB, and the peak is in it."""
    trace = long_run("/home/ada/" + "long_name_" * 20 + ".py")
    html = cell_html(TraceIndex(trace))
    assert len(html.encode()) <= MOST_NBYTES
    drawn = Page(page_of(html)).data["timeline"]
    assert max(map(sum, zip(*(layer["nbytes"] for layer in drawn["layers"]), strict=True))) == trace.peak.nbytes


def test_what_is_too_large_is_left_out_and_said() -> None:
    """With names of 3,000 characters the page would be too large: the table stands alone and says how to get it."""
    html = cell_html(TraceIndex(long_run("/home/ada/" + "long_name_" * 300 + ".py")))
    assert len(html.encode()) <= MOST_NBYTES
    assert "<iframe" not in html
    assert "run.to_html('run.html')" in html


def test_hostile_texts_stay_in_the_frame() -> None:
    """Nothing of the program ends the attribute that the page is in, and the page's own walls stand."""
    html = cell_html(TraceIndex(harmful()))
    assert "<script" not in html
    assert "<img" not in html
    assert html.count("<iframe") == 1
    assert "Content-Security-Policy" in page_of(html)


@pytest.mark.long
@settings(max_examples=15, deadline=None)
@given(traces(native=True))
def test_any_program_can_be_shown(trace: Trace) -> None:
    """For any program the cell is one table and one frame, in bounds."""
    html = cell_html(TraceIndex(trace))
    assert len(html.encode()) <= MOST_NBYTES
    assert html.count("<iframe") == html.count("</iframe>") == 1


def test_a_run_without_arrays_can_be_shown() -> None:
    """The cell of an empty run says that there was nothing."""
    assert "No array memory" in cell_html(TraceIndex(TraceBuilder().build()))


def test_the_page_follows_the_theme_of_the_notebook_and_a_narrow_table_keeps_its_lines() -> None:
    """Marks of the notebook's theme set the frame's colour scheme; a narrow screen lacks columns of figures alone."""
    cell = cell_html(TraceIndex(pipeline()))
    style = cell.partition("<iframe")[0]
    for theme, scheme in (('body[data-jp-theme-light="false"]', "dark"), ('body[data-jp-theme-light="true"]', "light")):
        assert re.search(rf"{re.escape(theme)} \.ndmem-page[^{{}}]*{{color-scheme:{scheme}}}", style)
    hidden = {int(number) for number in re.findall(r"nth-child\((\d+)\)", style)}
    heads = re.findall(r"<th style=[^>]*>([^<]*)</th>", style)
    assert [head for number, head in enumerate(heads, 1) if number not in hidden] == ["share", "at peak", "line", ""]
