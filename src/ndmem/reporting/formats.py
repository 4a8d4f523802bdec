"""Formats in which a run can be written."""

from __future__ import annotations

import enum
from typing import IO, TYPE_CHECKING

from ndmem.analysis.file_names import base_name

from .text.report import write_text
from .view import View

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ndmem.analysis.index import TraceIndex
    from ndmem.model.advice.finding import Finding

_DEFAULT = View()


class Format(enum.Enum):
    """Format of a report."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"
    COLLAPSED = "collapsed"
    SPEEDSCOPE = "speedscope"
    CHROME = "chrome"
    MARKDOWN = "markdown"
    BENCHMARK = "benchmark-json"
    BENCHER = "bencher-json"


def write_run(
    index: TraceIndex,
    stream: IO[str],
    *,
    form: Format = Format.TEXT,
    view: View = _DEFAULT,
    file: str | None = None,
    findings: Sequence[Finding] = (),
) -> None:
    """Write a run.

    Parameters
    ----------
    index : TraceIndex
        The run.
    stream : text stream
        Destination.
    form : Format
        Format of the report.
    view : View
        Choice of what to show: the text follows all of it, other formats only its moment and its choice of library
        frames. JSON and HTML always contain both moments.
    file : str or None
        The trace's file, for the commands that are suggested.
    findings : sequence of Finding
        What to change in the program, for text, JSON, HTML and Markdown.

    Raises
    ------
    TraceError
        If the trace's call tree is damaged.
    OSError
        If the stream cannot be written.
    """
    # The other formats are imported only if requested: together they would cost 15 ms in every run.
    if form is Format.TEXT:
        write_text(index, stream, view=view, file=file, findings=findings)
    elif form is Format.JSON:
        from .export.json import write_json

        write_json(index, stream, findings=findings, library=view.library)
    elif form is Format.HTML:
        from .html.page import write_html

        write_html(index, stream, findings=findings, library=view.library)
    elif form is Format.MARKDOWN:
        from .markdown.report import write_markdown

        write_markdown(index, stream, view=view, file=file, findings=findings)
    elif form is Format.CHROME:
        from .export.chrome import write_chrome

        write_chrome(index, stream)
    elif form in {Format.BENCHMARK, Format.BENCHER}:
        _write_benchmarks(index, stream, form=form)
    else:
        from .export.flamegraph import write_collapsed, write_speedscope

        write = write_collapsed if form is Format.COLLAPSED else write_speedscope
        write(index, stream, measure=view.measure, library=view.library)


def _write_benchmarks(index: TraceIndex, stream: IO[str], *, form: Format) -> None:
    from .export.benchmark_json import list_run_figures, write_bencher_json, write_benchmark_json

    program = index.trace.run.program
    figures = list_run_figures(index, base_name(program[0]) if program else "run")
    (write_bencher_json if form is Format.BENCHER else write_benchmark_json)(figures, stream)
