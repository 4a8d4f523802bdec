"""Output of a notebook cell for a run: the line table, and the page behind it."""

from __future__ import annotations

import io
from html import escape
from typing import TYPE_CHECKING

from ndmem.reporting.html.charts.plotlyjs import CDN, find_plotlyjs
from ndmem.reporting.html.tables.lines import line_table_html

from .page import write_html
from .page_bounds import CELL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ndmem.analysis.index import TraceIndex
    from ndmem.model.advice.finding import Finding
    from ndmem.reporting.prediction_words import Outlook

_SUMMARY = "Timeline, call stacks, source, arrays (charts are drawn by Plotly, from the network)"

_DARK = (
    'body[data-jp-theme-light="false"]',
    'body[data-vscode-theme-kind="vscode-dark"]',
    'body[data-vscode-theme-kind="vscode-high-contrast"]',
    'html[theme="dark"]',
)
_LIGHT = ('body[data-jp-theme-light="true"]', 'body[data-vscode-theme-kind="vscode-light"]', 'html[theme="light"]')
_THEME = "<style>{}</style>".format(
    "".join(
        f"{','.join(f'{theme} .ndmem-page' for theme in themes)}{{color-scheme:{scheme}}}"
        for scheme, themes in (("dark", _DARK), ("light", _LIGHT))
    )
)
"""The page follows the notebook's theme, as JupyterLab, VS Code and Colab mark it, rather than the system's."""

_MOST = 300_000
"""Most characters of a cell: a notebook file stores the output of all its cells."""


def cell_html(
    index: TraceIndex,
    *,
    folder: str | None = None,
    outlook: Outlook | None = None,
    findings: Sequence[Finding] = (),
) -> str:
    """Return a run as HTML of at most 300 KB: the answer, the line table, and the page.

    Parameters
    ----------
    index, folder, outlook, findings
        As for `write_html`.

    Raises
    ------
    TraceError
        If the trace's call tree is damaged.

    Notes
    -----
    The page is in a sandboxed frame: it may run its own scripts and cannot access the notebook. The browser loads it,
    and Plotly's JavaScript from the network, only when the user opens it: inside the cell it would exceed the bound.
    """
    foreword = () if outlook is None else outlook.sentences
    table = line_table_html(index, folder=folder, foreword=foreword, findings=findings)
    page = io.StringIO()
    plotly = find_plotlyjs(CDN)
    write_html(index, page, plotlyjs=plotly, limits=CELL, folder=folder, outlook=outlook, findings=findings)
    # Between single quotes: a page has ten times as many double ones, each of which would take six characters.
    inside = escape(page.getvalue(), quote=False).replace("'", "&#x27;")
    start = f'{_THEME}<iframe sandbox="allow-scripts" loading="lazy" title="The run" class="ndmem-page"'
    frame = f"{start} srcdoc='{inside}' "
    style = 'style="width:100%;height:700px;border:0"'
    whole = f"{table}<details><summary>{_SUMMARY}</summary>{frame}{style}></iframe></details>"
    if len(whole) > _MOST:  # happens with names of hundreds of characters on every line
        return f"{table}<p><small>The page is too large for a notebook; write: run.to_html('run.html')</small></p>"
    return whole
