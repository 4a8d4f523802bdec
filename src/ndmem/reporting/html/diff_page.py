"""What is different between two runs as a page of HTML."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from ndmem.analysis.timeline import timeline
from ndmem.reporting.diff_text import say_totals
from ndmem.reporting.paths import file_names
from ndmem.reporting.plain import plain

from .limits import Limits
from .plotlyjs import need_html
from .template import write_page

if TYPE_CHECKING:
    from ndmem.analysis.diff import Diff
    from ndmem.model.trace import Trace

    from .plotlyjs import PlotlyJs

_LIMITS = Limits()


def write_diff_html(
    diff: Diff,
    before: Trace,
    after: Trace,
    stream: IO[str],
    *,
    plotlyjs: PlotlyJs | None = None,
    folder: str | None = None,
) -> None:
    """Write what is different between two runs as a page, with both timelines.

    Parameters
    ----------
    diff : Diff
        The differences.
    before, after : Trace
        The runs.
    stream : text stream
        Where to; only ASCII is written.
    plotlyjs : PlotlyJs or None
        Where the page has Plotly's JavaScript from; inside, if not given.
    folder : str or None
        Folder that files are named relative to; the working folder if not given.

    Raises
    ------
    MissingError
        If Jinja2 or Plotly is not installed.
    OSError
        If the stream cannot be written.
    """
    need_html()
    context = {
        "diff": diff,
        "names": file_names(after.run, folder=folder),
        "programs": [plain(" ".join(each.run.program)) or "code tracked from inside" for each in (before, after)],
        "sentences": say_totals(diff),
        "most": _LIMITS.lines,
    }
    data = {"before": _draw(before), "after": _draw(after)}
    write_page("diff", stream, context=context, data=data, plotlyjs=plotlyjs)


def _draw(trace: Trace) -> dict[str, Any]:
    points = timeline(trace, points=_LIMITS.points)
    return {
        "time": [round(point.time_s, 6) for point in points],
        "nbytes": [point.live_nbytes for point in points],
    }
