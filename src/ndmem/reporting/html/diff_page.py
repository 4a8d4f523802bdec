"""Differences between two runs as a page of HTML."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from ndmem.analysis.diff import select_changes
from ndmem.analysis.over_time.timeline import timeline
from ndmem.reporting.paths import file_names
from ndmem.reporting.plain import plain
from ndmem.reporting.text.diff import DiffBy, count_others, totals_sentences

from .page_bounds import Limits
from .template import write_page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ndmem.analysis.diff import AnyChange, Diff
    from ndmem.analysis.index import TraceIndex
    from ndmem.reporting.html.charts.plotlyjs import PlotlyJs

_LIMITS = Limits()


def write_diff_html(
    diff: Diff,
    before: TraceIndex,
    after: TraceIndex,
    stream: IO[str],
    *,
    plotlyjs: PlotlyJs | None = None,
    folder: str | None = None,
) -> None:
    """Write the differences between two runs as a page, with both timelines; other arguments are as in `write_html`."""
    tables: dict[str, tuple[DiffBy, Sequence[AnyChange]]] = {
        "lines": (DiffBy.LINE, diff.lines),
        "functions": (DiffBy.FUNCTION, diff.functions),
        "arrays": (DiffBy.BUFFER, diff.buffers),
    }
    context = {
        "shown": {name: select_changes(changes) for name, (_, changes) in tables.items()},
        "others": {
            name: count_others(others, by) if (others := len(changes) - len(select_changes(changes))) else ""
            for name, (by, changes) in tables.items()
        },
        "names": file_names(after.trace.run, folder=folder),
        "programs": [plain(" ".join(each.trace.run.program)) or "ndmem.track() block" for each in (before, after)],
        "sentences": totals_sentences(diff),
        "most": _LIMITS.lines,
    }
    data = {"before": _timeline_data(before), "after": _timeline_data(after)}
    write_page("diff", stream, context=context, data=data, plotlyjs=plotlyjs)


def _timeline_data(index: TraceIndex) -> dict[str, Any]:
    points = timeline(index, points=_LIMITS.points)
    return {
        "time": [round(point.time_s, 6) for point in points],
        "nbytes": [point.live_nbytes for point in points],
    }
