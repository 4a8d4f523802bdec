"""What a user holds of two runs: what is different, and its reports."""

from __future__ import annotations

import enum
import io
import sys
from typing import IO, TYPE_CHECKING

from .analysis.diff import diff_traces
from .reporting.diff_json import write_diff_json
from .reporting.diff_text import DiffBy, write_diff_text
from .steps import Step, begin

if TYPE_CHECKING:
    from .analysis.diff import Diff
    from .model.trace import Trace


class DiffFormat(enum.Enum):
    """How a comparison is written."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"


class Comparison:
    """Two runs beside each other.

    Parameters
    ----------
    before, after : Trace
        The runs, measured or predicted.
    library : bool
        Compare the lines of libraries too.

    Raises
    ------
    TraceError
        If a trace's call tree is damaged.
    """

    def __init__(self, before: Trace, after: Trace, *, library: bool = False) -> None:
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
        """Print what is different.

        Parameters
        ----------
        stream : text stream, optional
            Where to; standard output.
        form : DiffFormat or str
            ``"text"``, ``"json"`` or ``"html"``.
        by : DiffBy or str
            A row of the text for each ``"line"``, ``"function"`` or ``"buffer"``; JSON and HTML have them all.
        """
        to = stream or sys.stdout
        if DiffFormat(form) is DiffFormat.JSON:
            write_diff_json(self._diff, to)
        elif DiffFormat(form) is DiffFormat.HTML:
            from .reporting.html.diff_page import write_diff_html  # noqa: PLC0415  # only who asks pays for it

            write_diff_html(self._diff, self._before, self._after, to)
        else:
            write_diff_text(self._diff, self._after.run, to, by=DiffBy(by))

    def __str__(self) -> str:
        stream = io.StringIO()
        self.report(stream)
        return stream.getvalue().rstrip("\n")
