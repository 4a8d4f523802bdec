"""The fragment of HTML for notebooks."""

from html.parser import HTMLParser

from tests.reporting.samples import factoring, hostile, pipeline
from tests.traces import TraceBuilder

from ndmem.analysis.index import TraceIndex
from ndmem.model.trace import Trace
from ndmem.reporting.html.tables.lines import line_table_html


class Reader(HTMLParser):
    """Collects tags and cells, and checks that tags close in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.cells: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open

    # The parser calls these; their names are its own.
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag, and begin a cell."""
        self.tags.append(tag)
        self._open.append(tag)
        if tag in {"td", "p"} or ("scope", "rowgroup") in list(attrs):
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        """Check that the innermost tag closes first."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Add text to the cell."""
        self.cells[-1:] = [*(cell + data for cell in self.cells[-1:])]


def read(trace: Trace, **options: int) -> Reader:
    """Parse the fragment of a trace."""
    return Reader(line_table_html(TraceIndex(trace), folder="/home/ada", **options))


def _count_columns(found: Reader) -> int:
    return found.tags[: found.tags.index("tbody")].count("th")


def test_sentence_and_rows() -> None:
    """The fragment has the sentence and a row for each line, in order, below the headings of their groups."""
    found = read(pipeline())
    assert found.cells[0].startswith("Peak 601 MiB: 400 MiB are 2 arrays of 200 MiB allocated at ")
    first = ["67%", "400 MiB", "400 MiB", "200 MiB", "600 MiB", "3"]
    assert found.cells[1].startswith("1,005 arrays, 801 MiB in total, 400 MiB alive at the end; 1.5 s.")
    assert found.cells[2] == "Live at the peak"
    assert found.cells[3:11] == [*first, "pipeline.py:5", "return (x - mean) / x.std(axis=0)"]
    headings = [cell for cell in found.cells if cell in {"Live at the peak", "Their callers", "Not live at the peak"}]
    assert headings == ["Live at the peak", "Their callers", "Not live at the peak"]
    assert found.tags.count("tr") == 1 + 5 + len(headings)


def test_a_limit_says_what_it_leaves_out() -> None:
    """Lines beyond the limit are counted."""
    found = read(pipeline(), rows=2)
    assert found.tags.count("tr") == 1 + 2
    assert "… and 3 more lines." in found.cells


def test_hostile_text_is_escaped() -> None:
    """No tag comes from the program's texts, and nothing that steers a terminal is left."""
    html = line_table_html(TraceIndex(hostile()))
    assert set(Reader(html).tags) <= {
        "div",
        "p",
        "strong",
        "small",
        "table",
        "style",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "code",
    }
    assert html.isprintable()


def test_a_run_without_arrays_has_no_table() -> None:
    """With no line there are only the sentence and the notes."""
    assert line_table_html(TraceIndex(TraceBuilder().build())) == (
        '<div class="ndmem"><p><strong>No array memory: no array was allocated.</strong></p></div>'
    )


def test_native_memory_has_its_sentence_and_column() -> None:
    """Where native memory was watched the fragment has the total peak, and native bytes beside the arrays'."""
    found = read(factoring())
    assert found.cells[0].startswith("Peak 76 MiB: 60 MiB is native memory, not in arrays, 48 MiB of it allocated at ")
    assert found.cells[1].startswith("Arrays alone peak at 16 MiB: ")
    assert found.cells[2:12] == [
        "Live at the peak", "100%", "16 MiB", "48 MiB", "-", "16 MiB", "16 MiB", "1",
        "pipeline.py:7", "u, s, v = factor(np.ones((1024, 2048)))",
    ]  # fmt: skip
    assert _count_columns(found) == 9
    assert _count_columns(read(pipeline())) == 8
