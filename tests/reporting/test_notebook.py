"""The fragment of HTML for notebooks."""

from html.parser import HTMLParser

from tests.reporting.samples import hostile, pipeline
from tests.traces import TraceBuilder

from ndmem.model.trace import Trace
from ndmem.reporting.notebook import line_table_html


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
    def handle_starttag(self, tag: str, attrs: object) -> None:
        """Note a tag, and begin a cell."""
        self.tags.append(tag)
        self._open.append(tag)
        if tag in {"td", "p"}:
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        """Check that the innermost tag closes first."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Add text to the cell."""
        self.cells[-1:] = [*(cell + data for cell in self.cells[-1:])]


def read(trace: Trace, **options: int) -> Reader:
    """Parse the fragment of a trace."""
    return Reader(line_table_html(trace, folder="/home/ada", **options))


def test_sentence_and_rows() -> None:
    """The fragment has the sentence and a row for each line, in order."""
    found = read(pipeline())
    assert found.cells[0].startswith("Peak 601 MiB at pipeline.py:5 in normalise: ")
    first = ["67%", "601 MiB", "400 MiB", "200 MiB", "600 MiB", "3"]
    assert found.cells[1:8] == [*first, "pipeline.py:5 return (x - mean) / x.std(axis=0)"]
    assert found.tags.count("tr") == 1 + 5


def test_a_limit_says_what_it_leaves_out() -> None:
    """Lines beyond the limit are counted."""
    found = read(pipeline(), rows=2)
    assert found.tags.count("tr") == 1 + 2
    assert "… and 3 more lines." in found.cells


def test_hostile_text_is_escaped() -> None:
    """No tag comes from the program's texts, and nothing that steers a terminal is left."""
    html = line_table_html(hostile())
    assert set(Reader(html).tags) <= {
        "div",
        "p",
        "strong",
        "small",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "code",
    }
    assert html.isprintable()


def test_a_run_without_arrays_has_no_table() -> None:
    """With no line there is only the sentence."""
    assert line_table_html(TraceBuilder().build()) == (
        '<div class="ndmem"><p><strong>No array memory: no array was made while it ran.</strong></p></div>'
    )
