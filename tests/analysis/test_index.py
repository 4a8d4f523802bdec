"""A trace is asked once: each fact is computed once for all views of an index."""

import io
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest
from tests.reporting.samples import factoring, pipeline

from ndmem.analysis.call_tree.frames import mark_user_nodes
from ndmem.analysis.call_tree.levels import split_levels
from ndmem.analysis.index import TraceIndex, fact
from ndmem.analysis.moment import Moment
from ndmem.analysis.tables.lines import line_table
from ndmem.analysis.tables.sources import SourceFiles
from ndmem.reporting.export.json import write_json
from ndmem.reporting.html.charts.plotlyjs import PlotlyJs
from ndmem.reporting.html.notebook_cell import cell_html
from ndmem.reporting.html.page import write_html
from ndmem.reporting.text.report import write_text

_PLOTLY = PlotlyJs(text="", address="plotly.js", allowed=("x",))
_VIEWS: dict[str, Callable[[TraceIndex], object]] = {
    "text": lambda index: write_text(index, io.StringIO()),
    "json": lambda index: write_json(index, io.StringIO()),
    "page": lambda index: write_html(index, io.StringIO(), plotlyjs=_PLOTLY),
    "notebook": cell_html,
}


@contextmanager
def counted_calls(*functions: Any) -> Iterator[Counter[str]]:
    """Count the calls of functions that are written in Python."""
    names = {function.__code__: function.__qualname__ for function in functions}
    calls: Counter[str] = Counter()

    def count(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code in names:
            calls[names[frame.f_code]] += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield calls
    finally:
        sys.setprofile(before)


def computed(index: TraceIndex) -> Counter[str]:
    """Return how many answers an index keeps by the function that computed them."""
    return Counter(key[0].__qualname__ for key in index.known)  # type: ignore[index]  # the keys are tuples


def test_a_fact_is_computed_once_for_each_choice_of_arguments() -> None:
    """An argument that is left out and its default are one choice; another value is another one."""
    asked = []

    @fact
    def shout(index: TraceIndex, word: str = "a", *, times: int = 1) -> str:
        asked.append((word, times))
        return word * times

    index = TraceIndex(pipeline())
    assert [shout(index), shout(index, "a"), shout(index, word="a", times=1), shout(index, times=2)] == ["a"] * 3 + [
        "aa"
    ]
    assert shout(TraceIndex(pipeline())) == "a"
    assert asked == [("a", 1), ("a", 2), ("a", 1)]


def test_indexes_do_not_share_facts() -> None:
    """Two indexes of one trace have equal facts, each its own."""
    trace = pipeline()
    first, second = TraceIndex(trace), TraceIndex(trace)
    assert line_table(first) == line_table(second)
    assert line_table(first) is line_table(first)
    assert line_table(first) is not line_table(second)
    assert line_table(first, moment=Moment.END) is not line_table(first)


@pytest.mark.parametrize("view", _VIEWS)
@pytest.mark.parametrize("sample", [pipeline, factoring])
def test_a_view_computes_each_fact_once(view: str, sample: Callable[[], Any]) -> None:
    """A report, a JSON, a page and a notebook's output each find the user's frames once, and run no fact twice."""
    index = TraceIndex(sample())
    _VIEWS[view](index)
    kept = computed(index)
    inner = {key[0] for key in index.known}  # type: ignore[index]  # the keys are tuples
    repeated = TraceIndex(index.trace)
    with counted_calls(*inner, split_levels, SourceFiles.__init__) as calls:
        _VIEWS[view](repeated)
    assert {name: calls[name] for name in kept} == dict(kept)
    assert calls[mark_user_nodes.__qualname__] == 1
    # The call tree's own levels, those of a table's rows where it has twins, and those of each tree of lines.
    assert calls["split_levels"] <= 2 + kept["build_icicle"]
    assert calls["SourceFiles.__init__"] == 1


def test_all_views_of_a_run_share_what_was_computed() -> None:
    """After a page has been written, the text of the same index finds the frames, the lines and the answer there."""
    index = TraceIndex(factoring())
    write_html(index, io.StringIO(), plotlyjs=_PLOTLY)
    shared = [
        key[0] for key in index.known if key[0].__name__ in {"mark_user_nodes", "find_answer", "_compute_columns"}
    ]  # type: ignore[index]
    with counted_calls(*shared) as calls:
        write_text(index, io.StringIO())
    assert len(shared) == 3
    assert calls == Counter()
