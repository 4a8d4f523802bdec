"""A run as the output of a notebook's cell: the line table, and the page behind it."""

from __future__ import annotations

import contextlib
import io
from html import escape
from typing import TYPE_CHECKING

from ndmem.errors import MissingError
from ndmem.reporting.notebook import line_table_html

from .limits import CELL
from .page import write_html
from .plotlyjs import CDN, find_plotlyjs

if TYPE_CHECKING:
    from ndmem.model.family import Family
    from ndmem.model.trace import Trace

    from .outlook import Outlook

_SUMMARY = "Timeline, call stacks, source, arrays (charts are drawn by Plotly, from the network)"

_MOST = 300_000
"""Characters of a cell, all of them ASCII or of a name."""


def cell_html(
    trace: Trace, *, family: Family | None = None, folder: str | None = None, outlook: Outlook | None = None
) -> str:
    """Return a run as HTML of at most 300 KB: the answer and the line table, and the page where it can be made.

    Parameters
    ----------
    trace : Trace
        The run.
    family : Family or None
        The processes of the run.
    folder : str or None
        Folder that files are named relative to; the working folder if not given.
    outlook : Outlook or None
        What else is to be said of a prediction.

    Raises
    ------
    TraceError
        If the trace's call tree is damaged.

    Notes
    -----
    The page is in a frame that may run its own scripts and reach nothing of the notebook. The browser loads it, and
    Plotly's JavaScript from the network, only when it is opened. Without Jinja2 and Plotly there is the table alone.
    """
    table = line_table_html(trace, folder=folder, foreword=() if outlook is None else outlook.sentences)
    page = io.StringIO()
    with contextlib.suppress(MissingError):
        plotly = find_plotlyjs(CDN)
        write_html(trace, page, family=family, plotlyjs=plotly, limits=CELL, folder=folder, outlook=outlook)
    if not page.getvalue():
        return table
    frame = f'<iframe sandbox="allow-scripts" loading="lazy" title="The run" srcdoc="{escape(page.getvalue())}" '
    style = 'style="width:100%;height:700px;border:0"'
    whole = f"{table}<details><summary>{_SUMMARY}</summary>{frame}{style}></iframe></details>"
    if len(whole) > _MOST:  # names of hundreds of characters on every line
        return f"{table}<p><small>The page is too large for a notebook; write: run.to_html('run.html')</small></p>"
    return whole
