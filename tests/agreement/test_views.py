"""One run in five outputs: text, page, JSON, notebook and Markdown have the same figures."""

import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser

import numpy as np
import pytest
from tests.reporting.html.page_reader import read
from tests.reporting.samples import factoring, pipeline

import ndmem
from ndmem.analysis.index import TraceIndex
from ndmem.model.trace import Trace
from ndmem.reporting.export.json import write_json
from ndmem.reporting.html.tables.lines import line_table_html
from ndmem.reporting.markdown.report import write_markdown
from ndmem.reporting.text.report import write_text
from ndmem.reporting.view import View
from ndmem.units import format_nbytes

FOLDER = "/home/ada"
COLUMNS = ("at peak", "native", "temporary", "kept", "total", "count", "program")
FIELDS = {
    "at peak": "at_peak_nbytes",
    "native": "native_at_total_peak_nbytes",
    "count": "count",
    "program": "peak_nbytes",
}
"""Names in JSON that are not those of the column with ``_nbytes``."""

_BYTES = r"-|\?|[\d.,]+ (?:B|KiB|MiB|GiB)"

Rows = dict[str, dict[str, str]]
"""For each line of the one file, the cell of each column, as it is shown; ``-`` where code has no line."""


@dataclass(frozen=True)
class Shown:
    """What an output shows of a run.

    Attributes
    ----------
    peak, kept, total : str
        Of all arrays, with the unit.
    lines : Rows
        Of each line.
    """

    peak: str
    kept: str
    total: str
    lines: Rows


def _read_sentences(text: str, lines: Rows) -> Shown:
    """Take the totals out of the sentences that text, page and notebook have."""
    # Where native memory is the larger part, the first sentence is about both.
    peak = re.search(rf"Arrays alone peak at ({_BYTES})", text) or re.search(rf"Peak ({_BYTES})", text)
    totals = re.search(rf"arrays?, ({_BYTES}) in total, (nothing|{_BYTES}) alive at the end", text)
    assert peak
    assert totals
    return Shown(peak[1], totals[2].replace("nothing", "0 B"), totals[1], lines)


def show_text(trace: Trace) -> Shown:
    """Read the text report, printed as wide as it needs."""
    stream = io.StringIO()
    write_text(TraceIndex(trace), stream, view=View(width=300, rows=None), folder=FOLDER)
    text = stream.getvalue()
    table = text[text.index("share") :].split("\n\n")[0].splitlines()
    columns = [name for name in re.split(r"\s{2,}", table[0].strip()) if name in COLUMNS]
    figures = "".join(r"([\d,]+|-)\s+" if name == "count" else rf"({_BYTES})\s+" for name in columns)
    lines = {}
    for row in table[1:]:
        found = re.match(rf"\s*(?:-|<?\d+%)\s+{figures}(?:\S+:(\d+)|<no file>) ", row)
        if found is not None:  # else a heading
            *cells, lineno = found.groups()
            lines[lineno or "-"] = dict(zip(columns, cells, strict=True))
    return _read_sentences(" ".join(text.split()), lines)


def _index_rows(heads: list[str], rows: list[list[str]]) -> Rows:
    lines = {}
    for row in rows:
        cells = dict(zip(heads, row, strict=True))
        lineno = cells["line"].rpartition(":")[2].replace("<no file>", "-")
        lines[lineno] = {name: cell for name, cell in cells.items() if name in COLUMNS}
    return lines


def show_page(trace: Trace) -> Shown:
    """Read the HTML page."""
    page = read(trace)
    heads, *rows = page.tables["lines-table"]
    return _read_sentences(page.text, _index_rows(heads, rows))


class _Cells(HTMLParser):
    """Collects the rows of the tables of a fragment, and all text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.text = ""
        self.feed(html)
        self.close()

    # The parser calls these; their names are its own.
    def handle_starttag(self, tag: str, attrs: object) -> None:
        """Begin a row or a cell."""
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        """Add to the cell."""
        self.text += data
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def show_notebook(trace: Trace) -> Shown:
    """Read what a notebook's cell shows."""
    found = _Cells(line_table_html(TraceIndex(trace), rows=1000, folder=FOLDER))
    heads, *rows = found.rows
    lines = [row for row in rows if len(row) > 1]  # the heading of a group is one cell
    return _read_sentences(found.text, _index_rows(heads, lines))


def show_markdown(trace: Trace) -> Shown:
    """Read the Markdown."""
    stream = io.StringIO()
    write_markdown(TraceIndex(trace), stream, view=View(rows=None), folder=FOLDER)
    text = stream.getvalue()
    table = text[text.index("| share") :].split("\n\n")[0].splitlines()
    heads, _, *rows = [[cell.strip().strip("`") for cell in line.strip("|").split(" | ")] for line in table]
    return _read_sentences(" ".join(text.split()).replace("`", ""), _index_rows(heads, rows))


def show_json(trace: Trace) -> Shown:
    """Read the JSON, and write its bytes as the other outputs do."""
    stream = io.StringIO()
    write_json(TraceIndex(trace), stream)
    found = json.loads(stream.getvalue())
    lines = {
        str(line["lineno"] or "-"): {
            name: _write_figure(line, name) for name in COLUMNS if FIELDS.get(name, f"{name}_nbytes") in line
        }
        for line in found["lines"]
    }
    totals = (format_nbytes(found[name]) for name in ("peak_nbytes", "live_nbytes_at_end", "total_nbytes"))
    return Shown(*totals, lines)


def _write_figure(line: dict[str, int | None], name: str) -> str:
    figure = line[FIELDS.get(name, f"{name}_nbytes")]
    if figure is None:
        return "?"
    return "-" if not figure else f"{figure:,}" if name == "count" else format_nbytes(figure)


def _track() -> Trace:
    with ndmem.track() as run:
        table = np.ones((300, 100))
        centred = table - table.mean(axis=0)
        small = [np.zeros(3) for _ in range(20)]
        del table
        scaled = np.square(centred) / 2
    assert len(small) == 20
    assert scaled.size
    return run.trace


RUNS: dict[str, Callable[[], Trace]] = {"by hand": pipeline, "with native memory": factoring, "tracked": _track}


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("show", [show_text, show_page, show_notebook, show_markdown])
def test_an_output_has_the_figures_of_the_json(show: Callable[[Trace], Shown], run: str) -> None:
    """Peak, kept and total of the run, and all figures of each line, are those of the JSON."""
    trace = RUNS[run]()
    shown, exact = show(trace), show_json(trace)
    assert (shown.peak, shown.kept, shown.total) == (exact.peak, exact.kept, exact.total)
    assert shown.lines.keys() == exact.lines.keys()
    for place, figures in shown.lines.items():
        assert figures == {name: exact.lines[place][name] for name in figures}, place
        assert {"at peak", "temporary", "kept", "total", "count"} <= figures.keys()
