"""The report of a trace as text."""

import io

from ndmem.analysis.index import TraceIndex
from ndmem.model.trace import Trace
from ndmem.reporting.text.report import write_text
from ndmem.reporting.view import View


def render(trace: Trace, **options: object) -> str:
    """Return the report as text."""
    stream = io.StringIO()
    others = {name: options.pop(name) for name in ("file", "family") if name in options}
    write_text(TraceIndex(trace), stream, view=View(**{"width": 80, **options}), folder="/home/ada", **others)
    return stream.getvalue()
