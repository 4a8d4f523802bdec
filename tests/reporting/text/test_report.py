"""The report for people."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from tests.random_traces import traces
from tests.reporting.samples import MIB, pipeline
from tests.reporting.text.report_text import render
from tests.traces import NUMPY, USER, Frame, TraceBuilder

from ndmem.analysis.moment import Moment
from ndmem.model.holder import Holder
from ndmem.model.trace import Trace
from ndmem.reporting.view import By


def test_the_report_of_a_pipeline() -> None:
    """The whole report reads as written here: sentence, run, lines, arrays, notes, next command."""
    assert render(pipeline(), file="my run.ndmem").splitlines() == [
        "Peak 601 MiB: 400 MiB are 2 arrays of 200 MiB allocated at pipeline.py:5 in",
        "normalise, all temporaries of `x - mean` and `x.std(axis=0)`; reached on that",
        "line.",
        "1,005 arrays, 801 MiB in total, 400 MiB alive at the end; 1.5 s.",
        "",
        "share  at peak  temporary     kept           line  Live at the peak",
        "  67%  400 MiB    400 MiB  200 MiB  pipeline.py:5  return (x - mean) / x.std(ax…",
        "  33%  200 MiB          -  200 MiB  pipeline.py:7  raw = np.arange(26_214_400.0)",
        "                                                   Their callers",
        "  67%  401 MiB    401 MiB  200 MiB  pipeline.py:8  result = normalise(raw)",
        "2 more lines below 1 %, 1 MiB at the peak: pipeline.py:4, pipeline.py:9",
        "",
        "Largest arrays at the peak",
        "",
        " nbytes  allocated by                           held by",
        "200 MiB  pipeline.py:7 np.arange(26_214_400.0)  raw, x (26214400,) float64",
        "200 MiB  pipeline.py:5 x - mean                 temporary (5120, 5120) float64",
        "200 MiB  pipeline.py:5 x.std(axis=0)            temporary",
        "  1 MiB  pipeline.py:4 x.mean(axis=0)           assigned to mean",
        "601 MiB  all",
        "",
        "at peak: allocated by the line, or by what it called, and live at the peak;",
        "temporary: freed before the line had ended; kept: live at the end.",
        "",
        "More: ndmem report 'my run.ndmem' [--by stack | --at end | --library]",
    ]


def test_what_was_allowed_stands_below_the_answer() -> None:
    """A recorded budget or limit has a line of its own; without one there is no such line."""
    assert render(pipeline(budget_nbytes=640 * MIB)).splitlines()[3:5] == [
        "1,005 arrays, 801 MiB in total, 400 MiB alive at the end; 1.5 s.",
        "Budget 640 MiB; at least 39 MiB stayed free.",
    ]
    assert "stayed free" not in render(pipeline())


def test_the_end_of_a_pipeline() -> None:
    """At the end the tables are about what was kept; a view is shown as a view."""
    text = render(pipeline(), moment=Moment.END, width=120)
    assert text.startswith(
        "400 MiB alive at the end: 2 arrays of 200 MiB; no line allocated more than 200 MiB of it.\n"
        "1,005 arrays, 801 MiB in total, peak 601 MiB;"
    )
    assert "Left at the end" in text
    assert "Largest arrays at the end" in text
    assert "head (10,) float64, a view of 80 B, keeps it" in text
    assert re.search(r"^7\.81 KiB  smaller arrays$", text, re.MULTILINE)


def test_rows_by_function_and_by_stack() -> None:
    """Functions have the line of their ``def``; stacks their frames, the innermost first, with what ran."""
    functions = render(pipeline(), by=By.FUNCTION)
    assert re.search(r"67%  401 MiB +400 MiB  200 MiB +601 MiB +pipeline.py:3  normalise$", functions, re.MULTILINE)
    stacks = render(pipeline(), by=By.STACK, library=True).splitlines()
    first = stacks.index(next(line for line in stacks if line.endswith("x - mean")))
    assert stacks[first].split() == ["33%", "200", "MiB", "pipeline.py:5", "in", "normalise:", "x", "-", "mean"]
    assert stacks[first + 1].split() == ["pipeline.py:8:", "normalise(raw)"]
    assert "numpy/_core/_methods.py:170 in _var" in "\n".join(stacks)
    assert "numpy" not in render(pipeline(), by=By.STACK)


def test_library_lines_can_be_opened() -> None:
    """With ``library`` the lines of libraries have rows under their own file."""
    assert "numpy/_core/_methods.py" in render(pipeline(), library=True)
    assert "numpy/_core/_methods.py" not in render(pipeline())


def test_limits_say_what_they_leave_out() -> None:
    """Rows and arrays beyond the limits are counted and summed, so that nothing is silently missing."""
    text = render(pipeline(), rows=2, buffers=1)
    assert "… and 1 more" in text
    assert "2 more lines below 1 %, 1 MiB at the peak: pipeline.py:4, pipeline.py:9" in text
    assert re.search(r"^401 MiB  3 other arrays$", text, re.MULTILINE)
    stacks = render(pipeline(), by=By.STACK, rows=1)
    assert re.search(r"67%  401 MiB  3 other stacks$", stacks, re.MULTILINE)
    assert "more" not in render(pipeline(), rows=None).split("More:")[0]


def test_a_narrow_terminal_lacks_figures_before_source() -> None:
    """With fewer columns `program`, then `count`, then `total` go; the source text stays as long as it can."""
    last = ("total", "count", "program")
    found = []
    for width in range(120, 79, -1):
        text = render(pipeline(), width=width, rows=None)
        assert "return (x - mean) / x.std(" in text
        heading = next(line for line in text.splitlines() if "share" in line)
        found.append(tuple(name for name in last if name in heading))
    assert list(dict.fromkeys(found)) == [last, last[:2], last[:1], ()]


def test_at_peak_is_of_the_line_and_program_of_the_whole() -> None:
    """A line's bytes at the peak are its own, although the whole program had more while it ran."""
    builder = TraceBuilder()
    builder.born((Frame(USER, 1),), 90 * MIB)
    builder.born((Frame(USER, 2),), 10 * MIB)
    text = render(builder.build(), width=120)
    assert re.search(r"10% +10 MiB +- +10 MiB +10 MiB +1 +100 MiB +pipeline.py:2 ", text)
    assert "program: the most that the whole program had while the line ran" in " ".join(text.split())


def test_the_list_of_small_lines_is_cut_at_the_width() -> None:
    """However many lines are small, they take one line of text, which says how many there are."""
    builder = TraceBuilder()
    builder.born((Frame(USER, 1),), 1000 * MIB)
    for lineno in range(2, 102):
        builder.born((Frame(USER, lineno),), MIB)
    text = render(builder.build(), width=60)
    (line,) = [line for line in text.splitlines() if "more lines" in line]
    assert line.startswith("100 more lines below 1 %, 100 MiB at the peak: ")
    assert line.endswith("…")


def test_if_all_lines_are_small_the_first_ones_are_shown() -> None:
    """Of a thousand equal lines five have rows."""
    builder = TraceBuilder()
    for lineno in range(1, 1001):
        builder.born((Frame(USER, lineno),), MIB)
    text = render(builder.build())
    assert len(re.findall(r"^ +<1% +1 MiB", text, re.MULTILINE)) == 5
    assert "995 more lines below 1 %, 995 MiB at the peak" in text


def test_a_long_place_leaves_space_for_the_source() -> None:
    """On a narrow terminal a long file name is cut at its beginning, and a dozen characters of the source are shown."""
    file = "/home/ada/plot_coin_segmentation.py"
    builder = TraceBuilder()
    for lineno in (1, 2):
        builder.born((Frame(file, lineno),), 100 * MIB)
    text = render(builder.build(sources={file: "table = np.ones(n)\nother = np.zeros(n)\n"}), width=70)
    rows = re.findall(r" (\S*:\d+)  (.{12})", text.partition("Largest arrays")[0])
    assert sorted(rows)[-2:] == [("…segmentation.py:1", "table = np.o"), ("…segmentation.py:2", "other = np.z")]


def test_items_of_a_container_are_one_row() -> None:
    """Arrays that differ by the number or key of an item share a row; small views that keep them have their bytes."""
    builder = TraceBuilder()
    for _ in range(20):
        builder.born((Frame(USER, 1),), MIB)
    builder.born((Frame(USER, 1),), MIB)
    holders = [Holder(i, f"history[{i}]", "__main__", (16,), "float64", is_view=True) for i in range(12)]
    holders += [Holder(i, f"box.last['{i}'].left", "__main__", (MIB,), "uint8", is_view=False) for i in range(12, 20)]
    holders += [Holder(20, "box.last['it'].left", "__main__", (512, 1024), "uint8", is_view=True)]
    text = render(builder.build(holders=holders), width=120)
    rows = re.findall(r"^( *(?:\d+ x )?1 MiB) .*  (\S.*)$", text, re.MULTILINE)
    assert [(size.strip(), use) for size, use in rows] == [
        ("12 x 1 MiB", "history[…] (16,) float64, each kept by a view of 128 B"),
        ("8 x 1 MiB", f"box.last[…].left ({MIB},) uint8"),
        ("1 MiB", "box.last['it'].left (512, 1024) uint8 is a view of it"),
    ]


def test_a_librarys_local_has_its_function() -> None:
    """A variable of a library's function has its function and library, also where it held an array before."""
    builder = TraceBuilder()
    for _ in range(2):
        builder.born((Frame(USER, 1), Frame(NUMPY, 3, "_mean")), MIB)
    builder.born((Frame(USER, 1),), MIB)
    holders = [Holder(i, "arr", "_mean", (MIB,), "uint8", is_view=False) for i in range(2)]
    holders.append(Holder(1, "", "", (), "", is_view=False, events=2))
    holders.append(Holder(2, "own", "__main__", (MIB,), "uint8", is_view=False))
    text = render(builder.build(holders=holders), width=160)
    assert re.findall(r"^ *1 MiB .*  (\S.*)$", text, re.MULTILINE) == [
        f"arr in _mean (numpy/_core/…), ({MIB},) uint8",
        f"was arr in _mean (numpy/_core/…), ({MIB},) uint8",
        f"own ({MIB},) uint8",
    ]


def test_an_item_with_another_holder_shares_the_row() -> None:
    """The last item of a list is also held by the variable of the loop: it is in the row of the others."""
    builder = TraceBuilder()
    for _ in range(20):
        builder.born((Frame(USER, 1),), MIB)
    holders = [Holder(i, f"history[{i}]", "__main__", (16,), "float64", is_view=True) for i in range(20)]
    holders.append(Holder(19, "block", "__main__", (MIB,), "uint8", is_view=False))
    text = render(builder.build(holders=holders), width=160)
    assert re.search(
        r"^20 x 1 MiB .*history\[…\] \(16,\) float64, each kept by a view of 128 B; one also by block$",
        text,
        re.MULTILINE,
    )


def test_equal_arrays_are_one_row() -> None:
    """Many arrays of one size from one place are one row with their number."""
    builder = TraceBuilder()
    for _ in range(1500):
        builder.born((Frame(USER, 1),), MIB)
    assert re.search(r"^1,500 x 1 MiB ", render(builder.build()), re.MULTILINE)


@pytest.mark.parametrize("by", By)
@pytest.mark.parametrize("moment", Moment)
def test_a_run_without_arrays(by: By, moment: Moment) -> None:
    """With nothing to show the report is one sentence; with a note also the run and the note."""
    text = render(TraceBuilder().build(numpy=None, exit_status=3), by=by, moment=moment)
    assert text == "No array memory (exit status 3): the program never imported NumPy.\n"
    text = render(TraceBuilder().build(numpy=None, notes=("Nothing of C was measured.",)), by=by, moment=moment)
    assert text == (
        "No array memory: the program never imported NumPy.\n1.5 s tracked.\n\nNothing of C was measured.\n"
    )


def test_what_is_not_known_is_said() -> None:
    """Dropped events, missing columns and a failed program each have their words."""
    builder = TraceBuilder()
    builder.born((Frame(USER, 1),), MIB)
    text = render(builder.build(dropped=1234, exit_status=3))
    assert "1,234 events were dropped" in text
    assert "Expressions are unknown: Python records no columns" in text
    assert "exit status 3." in text
    assert "run.save('run.ndmem')" in text


@settings(max_examples=30)
@given(traces() | traces(native=True), st.sampled_from(By), st.sampled_from(Moment), st.booleans())
def test_any_trace_can_be_reported(trace: Trace, by: By, moment: Moment, library: bool) -> None:
    """For any program the report fits its width, begins with the answer, and has no trailing space."""
    lines = render(trace, by=by, moment=moment, library=library).split("\n")
    assert lines[-1] == ""
    assert lines[0]
    for line in lines:
        assert line == line.rstrip()
        assert cell_len(line) <= 80 or line.startswith("More:")


def test_by_array_every_live_array_has_a_row() -> None:
    """The arrays are the table, as many as there are rows, and no line is shown."""
    rows = render(pipeline(), by=By.ARRAY, width=100)
    assert "share" not in rows
    assert re.findall(r"^ *(?:200|1) MiB .*(?<!all)$", rows, re.MULTILINE) == [
        "200 MiB  pipeline.py:7 np.arange(26_214_400.0)  raw, x (26214400,) float64",
        "200 MiB  pipeline.py:5 x - mean                 temporary (5120, 5120) float64",
        "200 MiB  pipeline.py:5 x.std(axis=0)            temporary",
        "  1 MiB  pipeline.py:4 x.mean(axis=0)           assigned to mean",
    ]
    assert len(re.findall(r"other array", render(pipeline(), by=By.ARRAY, rows=2))) == 1


def test_the_tree_has_callers_above() -> None:
    """Each call stands below its caller with all bytes below it; the rest is counted."""
    tree = render(pipeline(), by=By.TREE, buffers=0, width=100).splitlines()
    begin = next(number for number, line in enumerate(tree) if line.startswith("share"))
    assert tree[begin : begin + 5] == [
        "share   nbytes  call tree, outermost call first",
        "  67%  401 MiB  pipeline.py:8: result = normalise(raw)",
        "  67%  400 MiB    pipeline.py:5 in normalise: return (x - mean) / x.std(axis=0)",
        "  <1%    1 MiB    pipeline.py:4 in normalise: mean = x.mean(axis=0)",
        "  33%  200 MiB  pipeline.py:7: raw = np.arange(26_214_400.0)",
    ]
    shortened = render(pipeline(), by=By.TREE, rows=2, buffers=0)
    assert "… and 2 smaller" in shortened
    assert "pipeline.py:7" not in shortened


@pytest.mark.parametrize("width", [60, 80, 99, 120])
@pytest.mark.parametrize("by", [By.LINE, By.FUNCTION, By.TREE, By.THREAD])
def test_headings_are_two_spaces_apart(by: By, width: int) -> None:
    """Between headings there are at least two spaces, so that ``at peak`` is read as one of them."""
    heading = next(line for line in render(pipeline(), by=by, width=width).splitlines() if line.startswith("share"))
    words = re.split(r" {2,}", heading)
    assert words[0] == "share"
    if by in {By.LINE, By.FUNCTION}:
        assert words[1:4] == ["at peak", "temporary", "kept"]
