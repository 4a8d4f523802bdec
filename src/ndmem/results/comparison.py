"""Comparison: the public object for two runs, with their differences and its reports."""

from __future__ import annotations

import enum
import io
import sys
from typing import IO, TYPE_CHECKING

from ndmem.analysis.diff import diff_traces
from ndmem.reporting.export.diff_json import write_diff_json
from ndmem.reporting.html.diff_table import tabulate_changes
from ndmem.reporting.text.diff import DiffBy, write_diff_text, write_growth
from ndmem.steps import Step, begin

from .choice import read_choice

if TYPE_CHECKING:
    from ndmem.analysis.diff import Diff
    from ndmem.analysis.index import TraceIndex


class DiffFormat(enum.Enum):
    """Format of a comparison."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"
    MARKDOWN = "markdown"


class Comparison:
    """Two runs beside each other.

    Parameters
    ----------
    before, after : TraceIndex
        The runs, measured or predicted.
    library : bool
        Compare the lines of libraries too.

    Raises
    ------
    TraceError
        If a trace's call tree is damaged.
    """

    def __init__(self, before: TraceIndex, after: TraceIndex, *, library: bool = False) -> None:
        begin(Step.COMPARE)
        self._before, self._after = before, after
        self._diff = diff_traces(before, after, library=library)

    @property
    def diff(self) -> Diff:
        """The differences: ``peak``, ``live``, ``total``, and by ``lines``, ``functions``, ``buffers``."""
        return self._diff

    def report(
        self, stream: IO[str] | None = None, *, form: DiffFormat | str = DiffFormat.TEXT, by: DiffBy | str = DiffBy.LINE
    ) -> None:
        """Print the differences.

        Parameters
        ----------
        stream : text stream, optional
            Destination; standard output if not given.
        form : DiffFormat or str
            ``"text"``, ``"json"``, ``"html"`` or ``"markdown"``, which is bounded for a comment on a pull request.
        by : DiffBy or str
            Row type of the text: ``"line"``, ``"function"`` or ``"buffer"``; the others contain all three.
        """
        to = stream or sys.stdout
        chosen = read_choice("form", form, DiffFormat)
        if chosen is DiffFormat.JSON:
            write_diff_json(self._diff, to)
        elif chosen is DiffFormat.HTML:
            from ndmem.reporting.html.diff_page import write_diff_html

            write_diff_html(self._diff, self._before, self._after, to)
        elif chosen is DiffFormat.MARKDOWN:
            from ndmem.reporting.markdown.diff import write_diff_markdown

            write_diff_markdown(self._diff, self._after.trace.run, to)
        else:
            write_diff_text(self._diff, self._after.trace.run, to, by=read_choice("by", by, DiffBy))

    def __repr__(self) -> str:
        return f"<ndmem.Comparison peak {write_growth(self._diff.peak)}>"

    def _repr_html_(self) -> str:
        return tabulate_changes(self._diff, self._after.trace.run)

    def __str__(self) -> str:
        stream = io.StringIO()
        self.report(stream)
        return stream.getvalue().rstrip("\n")
