"""The report as a page of HTML."""

import dataclasses
import io
import json
import re

from tests.reporting.html.page_reader import read
from tests.reporting.samples import MIB, factoring, pipeline
from tests.traces import USER, Frame, TraceBuilder

from ndmem.analysis.index import TraceIndex
from ndmem.model.family import Begun, Kin, Member, make_family
from ndmem.model.machine_limit import MachineLimit
from ndmem.model.together import Together
from ndmem.reporting.export.json import write_json
from ndmem.reporting.text.report import write_text
from ndmem.reporting.view import View
from ndmem.units import format_nbytes


def test_the_lines_have_their_figures() -> None:
    """The table of lines has the figures that were put in, as text and to the byte."""
    page = read(pipeline())
    head, first, *others = page.tables["lines-table"]
    assert head == ["share", "at peak", "temporary", "kept", "total", "count", "program", "chosen", "line", "source"]
    assert first == [
        "67%", "400 MiB", "400 MiB", "200 MiB", "600 MiB", "3", "601 MiB", "", "pipeline.py:5",
        "return (x - mean) / x.std(axis=0)",
    ]  # fmt: skip
    assert page.values["lines-table"][1][:7] == [
        str(n) for n in (400 * MIB, 400 * MIB, 400 * MIB, 200 * MIB, 600 * MIB, 3, 601 * MIB)
    ]
    assert len(others) == 4


def test_the_answer_and_the_sections() -> None:
    """The page begins with the sentence of the text, and has every section that there is something for."""
    page = read(factoring())
    assert "Peak 76 MiB: 60 MiB is native memory, not in arrays, 48 MiB of it allocated at pipeline.py:4" in page.text
    assert "Arrays alone peak at 16 MiB: one array allocated at pipeline.py:7" in page.text
    titles = re.findall(r'<h2 id="([\w-]+)"', page.html)
    assert titles == [
        "timeline-title",
        "bands-title",
        "peak-title",
        "lines-title",
        "source-title",
        "arrays-title",
        "how-title",
    ]
    assert page.tables["lines-table"][0][2] == "native"
    assert set(re.findall(r'href="#([\w-]+)"', page.html)) <= set(re.findall(r' id="([\w-]+)"', page.html))


def test_the_answer_has_what_was_allowed_and_the_timeline_its_line() -> None:
    """The first sentence says the limit and what stayed free; budget and limit are lines, with rows in the table."""
    limit = MachineLimit("cgroup", "/sys/fs/<cgroup>", 1024 * MIB, 900 * MIB)
    page = read(pipeline(limit=limit, rss_peak_nbytes=700 * MIB))
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", page.html)
    assert heading is not None
    assert heading[1].endswith("Control group limit 1 GiB; at least 200 MiB stayed free.")
    assert page.data["timeline"]["bounds"] == [{"name": "limit (cgroup)", "nbytes": 1024 * MIB}]
    assert page.tables["timeline-table"][-1] == ["limit (cgroup)", "1 GiB", "1 GiB"]
    assert "1 GiB (cgroup, read from /sys/fs/<cgroup>), of which 900 MiB was free when tracking began" in page.text
    page = read(pipeline(limit=limit, budget_nbytes=640 * MIB))
    assert "Budget 640 MiB; at least 39 MiB stayed free." in page.text
    assert [bound["name"] for bound in page.data["timeline"]["bounds"]] == ["budget", "limit (cgroup)"]


def test_the_lines_are_grouped_as_in_the_text() -> None:
    """Each group of lines has the heading that the text has, in the same order."""
    for trace in (pipeline(), factoring()):
        text = io.StringIO()
        write_text(TraceIndex(trace), text, view=View(width=200, rows=None), folder="/home/ada")
        groups = read(trace).groups
        assert len(groups) > 1
        places = [text.getvalue().index(group) for group in groups]
        assert places == sorted(places)


def test_native_blocks_have_a_table() -> None:
    """Blocks of equal code share a row: SVD's work memory, the list, OpenBLAS; without native memory, no table."""
    page = read(factoring())
    assert page.tables["native-peak-table"][1:] == [
        ["48 MiB", "2", "temporary", "pipeline.py:4", "np.linalg.svd(a)"],
        ["8 MiB", "1", "OpenBLAS thread buffers", "", ""],
        ["4 MiB", "1", "", "pipeline.py:6", "sorted(words)"],
    ]
    assert [row[0] for row in page.tables["native-end-table"][1:]] == ["8 MiB", "4 MiB"]
    assert "native-peak-table" not in read(pipeline()).tables


def test_the_page_explains_its_words() -> None:
    """Each heading that can be clicked says its meaning, and the page begins with how to read it."""
    page = read(factoring())
    buttons = re.findall(r"<th [^>]*><button type=\"button\"( title=\"[^\"]+\")?>([^<]+)</button>", page.html)
    assert len(buttons) > 20
    assert [name for title, name in buttons if not title] == []
    assert page.html.index("How to read this page") < page.html.index('id="timeline-title"')


def test_both_peaks_are_marked() -> None:
    """The peak of arrays and that with native memory have their time and their bytes; without the latter, one mark."""
    assert read(factoring()).data["timeline"]["peaks"] == [
        {"name": "peak of arrays", "time": 0.2, "nbytes": 16 * MIB},
        {"name": "peak with native memory", "time": 0.4, "nbytes": 76 * MIB},
    ]
    assert [peak["nbytes"] for peak in read(pipeline()).data["timeline"]["peaks"]] == [601 * MIB]


def test_a_line_has_one_colour_in_all_charts() -> None:
    """The layer of a line, its part of the call stacks and its arrays have the same number."""
    page = read(pipeline())
    layers = [layer["name"].split()[0] for layer in page.data["timeline"]["layers"]]
    found = {place: colour for _, place, _, colour in page.data["icicles"]["labels"]}
    assert [found[place] for place in layers[:-1]] == list(range(len(layers) - 1))
    assert found["pipeline.py:8"] == -1  # it allocates nothing itself
    assert {line["place"]: line["colour"] for line in page.data["lifetimes"]["lines"]}.items() <= found.items()


def test_spans_sum_to_the_timeline() -> None:
    """At each moment the spans are what is live, except for arrays below the threshold, and they are in the stacks."""
    page = read(pipeline())
    drawn, lifetimes = page.data["timeline"], page.data["lifetimes"]
    spans, live = (
        lifetimes["spans"],
        [sum(at) for at in zip(*(each["nbytes"] for each in drawn["layers"]), strict=True)],
    )
    small = [8000 if time >= 0.7 else 0 for time in drawn["time"]]
    for moment, nbytes in enumerate(live):
        known = sum(
            nbytes
            for nbytes, first, last in zip(spans["nbytes"], spans["first"], spans["last"], strict=True)
            if first <= moment < last
        )
        assert known + small[moment] == nbytes
    places = lifetimes["stacks"]["callers"]
    assert all(0 <= place < len(page.data["icicles"]["trees"]["callers"]["parent"]) for place in places)


def test_without_deallocations_there_are_no_lifetimes() -> None:
    """If events were dropped, which arrays were freed is unknown: no bands, no range, and the page is whole."""
    builder = TraceBuilder()
    builder.born((Frame(USER, 1),), MIB)
    page = read(builder.build(dropped=3))
    assert page.data["lifetimes"] is None
    assert "bands-title" not in page.html
    assert 'id="from"' not in page.html


def test_an_unrecorded_limit_is_not_mentioned() -> None:
    """A file of an older ndmem does not know what was allowed: no sentence, no line, no row."""
    page = read(pipeline())
    assert page.data["timeline"]["bounds"] == []
    assert "limit" not in page.text.replace("show the limit", "").lower()


def test_pythons_arenas_are_a_layer() -> None:
    """Arenas of Python's small objects are apart from native blocks; where nothing was watched the page says so."""
    builder = TraceBuilder(native_threshold=1024)
    arena = builder.native((Frame(USER, 1),), MIB)
    builder.native((Frame(USER, 2),), 3 * MIB)
    page = read(builder.build(origins={builder.number(arena): "python3.12"}))
    highest = {layer["name"]: max(layer["nbytes"]) for layer in page.data["timeline"]["beside"]}
    assert highest == {"native blocks": 3 * MIB, "Python's small objects": MIB}
    assert ["Python's small objects", "?", "1 MiB"] in page.tables["timeline-table"]
    assert "Python's own objects were not tracked" in read(pipeline()).text
    assert read(pipeline()).data["timeline"]["beside"] == []


def test_the_source_marks_the_largest_expression() -> None:
    """In line 5 the expression that allocated the larger array at the peak is underlined, and the line has its bars."""
    page = read(pipeline())
    assert "<code>    return (<u>x - mean</u>) / x.std(axis=0)</code>" in page.html
    assert f'<meter aria-label="part of the peak" min="0" max="{601 * MIB}" value="{400 * MIB}">' in page.html


def test_a_view_says_what_it_keeps() -> None:
    """An array of 10 numbers that is a view of 200 MiB keeps them alive."""
    rows = read(pipeline()).tables["arrays-end-table"]
    assert rows[1:] == [
        ["200 MiB", "(26214400,)", "float64", "raw, x", "owner", "pipeline.py:7", "np.arange(26_214_400.0)"],
        [
            "200 MiB", "(10,)", "float64", "head", "view of 80 B that keeps 200 MiB alive", "pipeline.py:5",
            "(x - mean) / x.std(axis=0)",
        ],
    ]  # fmt: skip


def test_processes_have_a_table() -> None:
    """Where there is a child its peak stands below the program's, and links to it; a program alone has no section."""
    child = TraceBuilder()
    child.born((Frame(USER, 1),), 3 * MIB)
    trace = child.build()
    trace = dataclasses.replace(trace, run=dataclasses.replace(trace.run, pid=4300))
    family = make_family([Member(pipeline()), Member(trace, Kin(Begun.FORK, (4242,), "worker-1"))])
    page = read(pipeline(), family=family)
    assert "2 processes allocated arrays: " in page.text
    assert "worker-1 at pipeline.py:1" in page.text
    assert 'id="processes-title"' in page.html
    assert '<tr id="process-0">' in page.html
    assert '<a href="#process-0">4242</a>' in page.html
    assert 'id="processes-title"' not in read(pipeline(), family=make_family([Member(pipeline())])).html


def test_processes_are_described_as_in_the_text() -> None:
    """A child with only native memory is counted apart, and the memory that processes share is stated once."""
    child = TraceBuilder(native_threshold=64 * 1024)
    child.native((Frame(USER, 1),), 3 * MIB)
    family = make_family([Member(pipeline()), Member(child.build(), Kin(Begun.FORK, (4242,), "worker-1"))])
    together = Together(200 * MIB, 340 * MIB, 64 * MIB, None, 2, 0, 12)
    text = " ".join(read(dataclasses.replace(pipeline(), together=together), family=family).text.split())
    assert "1 process allocated arrays: " in text
    assert "1 more had only native memory" in text
    assert "shared pages counted once: 200 MiB; summed process by process: 340 MiB" in text
    assert "Of it 64 MiB are shared memory: no line of the tables has them." in text


def test_html_text_and_json_agree() -> None:
    """The peak, the lines, the arrays and the timeline of a page are those of the JSON and of the text."""
    limit = MachineLimit("RAM", "the machine's RAM", 1024 * MIB, 1000 * MIB)
    for trace in (pipeline(limit=limit, rss_peak_nbytes=700 * MIB), factoring(budget_nbytes=80 * MIB)):
        page, text, document = read(trace), io.StringIO(), io.StringIO()
        write_text(TraceIndex(trace), text, view=View(width=200, rows=None, buffers=None), folder="/home/ada")
        write_json(TraceIndex(trace), document)
        found = json.loads(document.getvalue())
        heading = dict(page.attributes)
        for name in ("peak", "live", "total"):
            key = {"peak": "peak_nbytes", "live": "live_nbytes_at_end", "total": "total_nbytes"}[name]
            assert heading[f"data-{name}-nbytes"] == str(found[key])
        left = f"{format_nbytes(found['left_nbytes'])} stayed free."
        assert left in text.getvalue()
        assert left in page.text
        lines = [line for line in found["lines"] if line["count"] or trace.native]
        # The first column is the share, whose exact value is the bytes.
        names = ["at_peak_nbytes", "at_peak_nbytes", "temporary_nbytes", "kept_nbytes", "total_nbytes", "count"]
        names.append("peak_nbytes")
        if trace.native:
            names.insert(2, "native_at_total_peak_nbytes")
        figures = [[str(-1 if line[name] is None else line[name]) for name in names] for line in lines]
        assert [row[: len(names)] for row in page.values["lines-table"][1:]] == figures
        assert [row[0] for row in page.values["arrays-peak-table"][1:]] == [
            str(buffer["nbytes"]) for buffer in found["at_peak"]
        ]
        drawn = page.data["timeline"]
        assert [sum(at) for at in zip(*(layer["nbytes"] for layer in drawn["layers"]), strict=True)] == [
            point["live_nbytes"] for point in found["timeline"]
        ]
        for row in page.tables["lines-table"][1:]:
            line = next(each for each in text.getvalue().splitlines() if row[-1] and each.endswith(row[-1]))
            assert all(cell in line for cell in row[:-2])
