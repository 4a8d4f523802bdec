"""The page as a browser shows it: opened from disk, in headless Chromium, where one is installed."""

import json
import re
from html import escape, unescape
from pathlib import Path

import pytest
from tests.reporting.html.browser import NEEDS_CHROMIUM, open_page
from tests.reporting.samples import MIB, factoring, harmful, pipeline

from ndmem.analysis.diff import diff_traces
from ndmem.analysis.index import TraceIndex
from ndmem.model.machine_limit import MachineLimit
from ndmem.model.trace import Trace
from ndmem.reporting.html.charts.plotlyjs import find_plotlyjs
from ndmem.reporting.html.diff_page import write_diff_html
from ndmem.reporting.html.page import write_html

pytestmark = NEEDS_CHROMIUM


def write(trace: Trace, page: Path, *, plotlyjs: str = "inline") -> Path:
    """Write a page."""
    with page.open("w", encoding="utf-8") as stream:
        write_html(TraceIndex(trace), stream, plotlyjs=find_plotlyjs(plotlyjs, folder=page.parent))
    return page


@pytest.mark.long
@pytest.mark.parametrize("plotlyjs", ["inline", "FILE"])
def test_every_chart_is_drawn_and_the_console_is_silent(tmp_path: Path, plotlyjs: str) -> None:
    """All charts are there, with the layers and the parts that the run has, and no script complains."""
    where = str(tmp_path / "shared plotly.js") if plotlyjs == "FILE" else plotlyjs
    dom, console = open_page(write(factoring(), tmp_path / "page.html", plotlyjs=where), tmp_path)
    assert console == []
    assert "was not found: no charts" not in re.sub(r"<script>.*?</script>", "", dom, flags=re.DOTALL)
    for chart in ("timeline", "bands", "icicle"):
        part = dom[dom.index(f'<div id="{chart}"') :]
        assert 'class="main-svg"' in part[:5000]
    assert "peak of arrays 16 MiB" in dom
    assert "native blocks" in dom
    assert "all 16 MiB" in dom


@pytest.mark.long
def test_no_script_of_the_programs_runs(tmp_path: Path) -> None:
    """The names and the source of a program that wants to run scripts change nothing, and none is even tried."""
    dom, console = open_page(write(harmful(), tmp_path / "page.html"), tmp_path)
    title = re.search(r"<title>(.*?)</title>", dom, re.DOTALL)
    assert title is not None
    assert title[1].startswith("ndmem: &lt;/script&gt;")
    assert console == []
    assert "<img" not in re.sub(r"<script.*?</script>", "", dom, flags=re.DOTALL)


@pytest.mark.long
def test_both_timelines_of_a_comparison_are_drawn(tmp_path: Path) -> None:
    """The page of a difference is drawn too, and its console is silent."""
    page = tmp_path / "diff.html"
    with page.open("w", encoding="utf-8") as stream:
        write_diff_html(
            diff_traces(TraceIndex(factoring()), TraceIndex(harmful())),
            TraceIndex(factoring()),
            TraceIndex(harmful()),
            stream,
        )
    dom, console = open_page(page, tmp_path)
    assert console == []
    assert 'class="main-svg"' in dom[dom.index('<div id="timelines"') :][:5000]


def use(hand: str, trace: Trace, folder: Path, *, framed: bool = False) -> dict:
    """Return what a reader's hand found; it may run only on a page without its policy.

    A framed page is in a frame of 1000 x 2000 pixels, whose size the hand can change as a user changes a window's.
    """
    page = write(trace, folder / "page.html")
    html = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text("ascii"))
    if framed:
        frame = f'<iframe id="frame" width="1000" height="2000" srcdoc="{escape(html)}"></iframe>'
        html = f'<!DOCTYPE html><html lang="en"><body>{frame}</body></html>'
    end = html.rindex("</body>")
    say = (
        'const result = document.createElement("pre"); result.id = "found"; result.textContent = JSON.stringify(found);'
    )
    script = f"(async () => {{ const found = {{}};{hand}{say} document.body.append(result); }})();"
    page.write_text(f"{html[:end]}<script>{script}</script>{html[end:]}", "ascii")
    dom, console = open_page(page, folder)
    assert console == []
    found = re.search(r'<pre id="found">(.*?)</pre>', dom, re.DOTALL)
    assert found is not None
    return json.loads(unescape(found[1]))


HAND = """
const click = (element) => element.click();
const cells = (table, column) => [...document.querySelectorAll(`#${table} tbody tr:not([hidden])`)]
  .map((row) => row.cells[column].textContent);
const heads = document.querySelectorAll("#lines-table thead button");
click(heads[4]); found.down = cells("lines-table", 4); found.sort = heads[4].parentElement.getAttribute("aria-sort");
click(heads[4]); found.up = cells("lines-table", 4);
const filter = document.querySelector('[data-filter="arrays-peak-table"]');
filter.value = "RAW float64"; filter.dispatchEvent(new Event("input")); found.filtered = cells("arrays-peak-table", 3);
click(document.querySelector('[data-show$=":4"]')); found.shown = cells("arrays-peak-table", 6);
const measure = document.getElementById("measure");
measure.value = "total"; measure.dispatchEvent(new Event("change"));
found.total = document.getElementById("icicle").textContent;
const back = () => getComputedStyle(document.body).backgroundColor;
const before = back(); click(document.getElementById("theme")); found.theme = before !== back();
found.unreachable = [...document.querySelectorAll("[data-show], th button, input, select, summary")]
  .filter((element) => element.tabIndex < 0).length;
"""


@pytest.mark.long
def test_tables_sort_and_filter_and_the_theme_turns(tmp_path: Path) -> None:
    """Headings sort down, then up; words filter; a line's number leads to its arrays; picture and colours follow."""
    found = use(HAND, pipeline(), tmp_path)
    down = ["601 MiB", "600 MiB", "200 MiB", "1 MiB", "7.81 KiB"]
    assert (found["down"], found["sort"], found["up"]) == (down, "descending", down[::-1])
    assert found["filtered"] == ["raw, x"]
    assert found["shown"] == ["x.mean(axis=0)"]
    assert "all 801 MiB" in found["total"]
    assert found["theme"]
    assert found["unreachable"] == 0


KEYS = """
document.getElementById("measure").dispatchEvent(new Event("change"));
const icicle = document.getElementById("icicle");
found.steps = ["ArrowDown", "ArrowRight", "ArrowRight", "ArrowLeft", "ArrowDown", "ArrowRight", "ArrowUp", "Enter",
  "ArrowRight", "ArrowDown", "Escape", "ArrowUp", "ArrowUp", "ArrowUp"].map((key) => {
  const event = new KeyboardEvent("keydown", { key, cancelable: true, bubbles: true });
  icicle.dispatchEvent(event);
  const { level, ids, labels, marker } = icicle.data[0], at = ids.indexOf(level);
  const edged = ids.filter((_, number) => marker.line.width[number] > 1).map((id) => labels[ids.indexOf(id)]);
  return [key, document.getElementById("chosen").textContent.split(",")[0], labels[at].split(" ").pop(), edged.length];
});
found.focusable = icicle.tabIndex;
const other = new KeyboardEvent("keydown", { key: "Tab", cancelable: true });
icicle.dispatchEvent(other);
found.kept = other.defaultPrevented;
icicle.querySelectorAll("g.slice")[1].dispatchEvent(new MouseEvent("click"));
found.clicked = document.getElementById("chosen").textContent.split(",")[0];
"""


@pytest.mark.long
def test_the_call_stacks_can_be_walked_by_keyboard(tmp_path: Path) -> None:
    """Arrows select callee, caller and neighbour, Enter zooms in, Escape zooms out; the selection is written below."""
    found = use(KEYS, pipeline(), tmp_path)
    eight, seven, five, four = (
        f"{name}: {nbytes} MiB"
        for name, nbytes in (
            ("<module> pipeline.py:8", 401),
            ("<module> pipeline.py:7", 200),
            ("normalise pipeline.py:5", 400),
            ("normalise pipeline.py:4", 1),
        )
    )
    whole, alone = "MiB", "pipeline.py:8"
    assert found["steps"] == [
        ["ArrowDown", eight, whole, 1],
        ["ArrowRight", seven, whole, 1],
        ["ArrowRight", seven, whole, 1],  # there is none further right
        ["ArrowLeft", eight, whole, 1],
        ["ArrowDown", five, whole, 1],
        ["ArrowRight", four, whole, 1],
        ["ArrowUp", eight, whole, 1],
        ["Enter", eight, alone, 1],
        ["ArrowRight", eight, alone, 1],  # its neighbour is not drawn
        ["ArrowDown", five, alone, 1],
        ["Escape", five, whole, 1],
        ["ArrowUp", eight, whole, 1],
        ["ArrowUp", "all: 601 MiB", whole, 0],
        ["ArrowUp", "all: 601 MiB", whole, 0],
    ]
    assert found["focusable"] == 0
    assert not found["kept"]
    assert found["clicked"] == eight


RESIZE = """
const frame = document.getElementById("frame"), ids = ["timeline", "bands", "icicle"];
const chart_of = (id) => frame.contentDocument.getElementById(id);
while (!ids.every((id) => chart_of(id)?._fullLayout)) await new Promise((done) => setTimeout(done, 50));
const charts = ids.map(chart_of);
const heights = () => charts.map((chart) => chart._fullLayout._size.h);
const widths = () => charts.map((chart) => chart._fullLayout.width);
const resize = async (width) => {
  const drawn = charts.map((chart) => new Promise((done) => chart.once("plotly_afterplot", done)));
  frame.width = width;
  frame.contentWindow.dispatchEvent(new Event("resize"));  // headless, the frame itself reports only its first new size
  await Promise.all(drawn);
  return [heights(), widths()];
};
found.before = heights();
found.after = [await resize(999), await resize(500), await resize(1000)];
"""


@pytest.mark.long
def test_the_charts_keep_their_height_when_the_window_is_resized(tmp_path: Path) -> None:
    """Resized by a pixel, to a phone and back, each chart is as high as before, and as wide as the window."""
    found = use(RESIZE, pipeline(), tmp_path, framed=True)
    assert all(height > 200 for height in found["before"])
    for heights, _ in found["after"]:
        assert heights == found["before"]
    _, phone, back = (widths[0] for _, widths in found["after"])
    assert back - phone == 500


RANGES = """
const says = () => document.getElementById("range-says").textContent;
const set = (from, to) => {
  document.getElementById("from").value = from;
  const input = document.getElementById("to");
  input.value = to;
  input.dispatchEvent(new Event("change"));
};
const texts = (cells) => [...cells].map((cell) => cell.textContent);
const arrays = () => [...document.querySelectorAll("#arrays-chosen-table tbody tr")].map((row) => texts(row.cells))
  .map((row) => [row[0], ...row.slice(3, 6)]);
const chosen = () => texts(document.querySelectorAll("#lines-table .chosen:not([hidden])"));
const whole = () => document.getElementById("icicle").data[0].labels[0];
while (!document.getElementById("icicle")._fullLayout) await new Promise((done) => setTimeout(done, 50));
set("", 0.45); found.moment = [says(), whole(), chosen(), arrays()];
set(0.15, 1.5); found.range = [says(), whole(), chosen(), arrays()];
const groups = () => [...document.querySelectorAll("#lines-table tr:not([hidden])")].map((row) => row.className);
found.sorted = groups();
document.getElementById("whole").click();
found.groups = groups();
found.end = [says(), whole(), chosen(), document.getElementById("arrays-chosen").hidden];
const bands = document.getElementById("bands");
found.bands = bands.data.slice(1).map(({ text, y }) => [text.split(":")[0], Math.min(...y), Math.max(...y)]);
bands.emit("plotly_click", { points: [{ curveNumber: 1 }] });
found.pinned = document.getElementById("pinned").textContent;
bands.emit("plotly_click", { points: [{ curveNumber: 1 }] });
found.unpinned = document.getElementById("pinned").hidden;
const search = document.getElementById("stacks-search");
search.value = "normalise std"; search.dispatchEvent(new Event("input"));
found.search = document.getElementById("stacks-found").textContent;
"""


@pytest.mark.long
def test_a_range_drives_the_call_stacks_the_lines_and_the_arrays(tmp_path: Path) -> None:
    """At 0.45 s everything but the result is live; of what was allocated after 0.15 s only the result is at the end."""
    found = use(RANGES, pipeline(), tmp_path)
    says, whole, chosen, arrays = found["moment"]
    assert says.startswith("4 arrays alive at 0.4 s: 601 MiB. The call stacks")
    assert whole == "all 601 MiB"
    assert chosen == ["chosen", "400 MiB", "200 MiB", "1 MiB", "-", "-"]
    assert sorted(arrays) == [
        ["1 MiB", "?", "0.2 s", "0.6 s"],
        ["200 MiB", "?", "0.3 s", "0.6 s"],
        ["200 MiB", "?", "0.4 s", "0.5 s"],
        ["200 MiB", "raw, x", "0.1 s", "-"],
    ]
    says, whole, chosen, arrays = found["range"]
    assert says.startswith("1 array allocated between 0.1 s and 1.5 s, and alive at 1.5 s: 200 MiB.")
    assert (whole, chosen[:3]) == ("all 200 MiB", ["chosen", "200 MiB", "-"])
    assert arrays == [["200 MiB", "head", "0.6 s", "-"]]
    assert found["end"] == ["", "all 601 MiB", [], True]
    assert "group" not in found["sorted"]
    assert found["groups"] == ["", "group", "", "", "", "group", "", "group", ""]


@pytest.mark.long
def test_bands_lie_on_older_arrays_and_a_click_pins_one(tmp_path: Path) -> None:
    """Each band has its array's bytes above those that are older; a click writes an array below, another ends that."""
    found = use(RANGES, pipeline(), tmp_path)
    assert sorted(found["bands"])[-1] == ["raw, x", 0, 200]
    assert sorted(each[1:] for each in found["bands"]) == [[0, 200], [200, 201], [200, 400], [201, 401], [401, 601]]
    assert found["pinned"].startswith("raw, x: 200 MiB, shape (26214400,), dtype float64, pipeline.py:7")
    assert found["pinned"].endswith("allocated at 0.1 s, alive at the end")
    assert found["unpinned"]
    assert found["search"] == "1 part matches: 400 MiB"


@pytest.mark.long
def test_a_limit_far_above_the_run_is_drawn_when_it_is_asked_for(tmp_path: Path) -> None:
    """At first the axis ends above what the run had; with a limit near it there is nothing to ask for."""
    hand = """
    const limit = document.getElementById("to-limit"), timeline = document.getElementById("timeline");
    const top = () => timeline.layout.yaxis.range[1];
    found.hidden = limit.parentElement.hidden; found.before = top();
    limit.checked = true; limit.dispatchEvent(new Event("change")); found.after = top();
    """
    far = MachineLimit("cgroup", "memory.max", 6010 * MIB, 6010 * MIB)
    found = use(hand, pipeline(limit=far), tmp_path)
    assert not found["hidden"]
    assert found["before"] == pytest.approx(1.06 * 601)
    assert found["after"] == pytest.approx(1.06 * 6010 / 1024, rel=1e-3)
    found = use(hand, pipeline(budget_nbytes=900 * MIB), tmp_path)
    assert found["hidden"]
    assert found["before"] == found["after"] == pytest.approx(1.06 * 900)
