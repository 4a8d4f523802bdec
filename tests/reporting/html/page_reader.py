"""Reader of a report's HTML page: its elements, its tables and the data of its charts."""

import io
import json
from html.parser import HTMLParser

from ndmem.analysis.index import TraceIndex
from ndmem.model.family import Family
from ndmem.model.trace import Trace
from ndmem.reporting.html.charts.plotlyjs import PlotlyJs
from ndmem.reporting.html.page import write_html

SMALL = PlotlyJs("", "plotly.js", ("'self'",))
"""For pages that no browser opens."""


class Page(HTMLParser):
    """Collects a page's elements, its tables, the headings of groups of rows, and the data of its charts."""

    _VOID = frozenset({"meta", "input", "br"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.values: dict[str, list[list[str | None]]] = {}
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.text = ""
        self._open: list[str] = []
        self.groups: list[str] = []
        self._table: str | None = None
        self._in_group = False
        self.feed(html)
        self.close()
        assert not self._open

    @property
    def data(self) -> dict:
        """The data of the charts."""
        return json.loads(next(text for attributes, text in self.scripts if attributes.get("id") == "data"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self._VOID:
            self._open.append(tag)
        known = dict(attrs)
        if tag == "table":
            self._table = known.get("id")
            if self._table:
                self.tables[self._table], self.values[self._table] = [], []
        if tag == "tr":
            self._in_group = known.get("class") == "group"
            if self._in_group:
                self.groups.append("")
        if self._table and tag == "tr" and not self._in_group:
            self.tables[self._table].append([])
            self.values[self._table].append([])
        if self._table and tag in {"td", "th"} and not self._in_group:
            self.tables[self._table][-1].append("")
            self.values[self._table][-1].append(known.get("data-value"))
        if tag == "script":
            self.scripts.append((known, ""))

    def handle_endtag(self, tag: str) -> None:
        """Check that the innermost element closes first."""
        assert self._open.pop() == tag
        if tag == "table":
            self._table = None

    def handle_data(self, data: str) -> None:
        """Add text to where it stands."""
        if self._open[-1:] == ["script"]:
            attributes, text = self.scripts[-1]
            self.scripts[-1] = (attributes, text + data)
        elif self._open[-1:] != ["style"]:
            self.text += data
            if self._in_group and "th" in self._open:
                self.groups[-1] += data
            elif self._table and {"td", "th"} & set(self._open):
                self.tables[self._table][-1][-1] += data


def read(trace: Trace, *, family: Family | None = None, **options: object) -> Page:
    """Return the page of a trace."""
    stream = io.StringIO()
    write_html(TraceIndex(trace, family=family), stream, folder="/home/ada", **{"plotlyjs": SMALL, **options})
    assert stream.getvalue().isascii()
    return Page(stream.getvalue())
