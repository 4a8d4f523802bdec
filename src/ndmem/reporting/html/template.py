"""Template of a page: it escapes all texts of the program, and allows only the page's own scripts."""

from __future__ import annotations

import json
import re
from importlib import resources
from typing import IO, TYPE_CHECKING, Any

from ndmem.reporting.html.charts.plotlyjs import INLINE, allow_script, find_plotlyjs
from ndmem.reporting.plain import plain
from ndmem.reporting.text.diff import signed_nbytes
from ndmem.reporting.text.tables.figure_columns import format_share
from ndmem.units import format_nbytes

from .meanings import MEANINGS

if TYPE_CHECKING:
    from jinja2 import Environment

    from ndmem.reporting.html.charts.plotlyjs import PlotlyJs

PAGE_MARK = '<meta name="generator" content="ndmem">'
"""Marks a file as a page of ndmem, near its beginning."""

_SCRIPTS = {
    "report": ("common.js", "timeline.js", "bands.js", "range.js", "icicle.js", "report.js"),
    "diff": ("common.js", "diff.js"),
    "figure": ("figure.js",),
    "live": ("common.js", "timeline.js", "live_range.js", "live_tables.js", "live.js"),
}
"""Parts of each page's script, in order: the last one draws."""

_CONNECTING = {"live"}
"""Pages that load their figures from where they were loaded themselves."""


def write_page(
    name: str, stream: IO[str], *, context: dict[str, Any], data: dict[str, Any], plotlyjs: PlotlyJs | None = None
) -> None:
    """Write a page: the template of a name with its context, the data of its charts, and the script that draws them.

    Every text of ``context`` is escaped; ``data`` is embedded as JSON. Errors are those of `write_html`.
    """
    plotly = plotlyjs or find_plotlyjs(INLINE)
    script = "(() => {\n" + _shorten("".join(map(_read, _SCRIPTS[name]))) + "})();\n"
    own = {
        "mark": PAGE_MARK,
        "meanings": MEANINGS,
        "policy": _write_policy([*plotly.allowed, allow_script(script)], connects=name in _CONNECTING),
        "style": _shorten(_read("report.css")),
        "script": script,
        "plotly": plotly,
        "data": _inside_script(json.dumps(data, separators=(",", ":"))),
    }
    for piece in _open_environment().get_template(f"{name}.html").generate(own | context):
        # As character references, which a browser reads correctly in any encoding of the file.
        stream.write(piece.encode("ascii", "xmlcharrefreplace").decode("ascii"))


def _open_environment() -> Environment:
    """Open the templates; every text inserted into them is escaped."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_read), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    environment.filters |= {
        "nbytes": describe_nbytes,
        "signed": signed_nbytes,
        "bytes": format_nbytes,
        "share": format_share,
        "plain": plain,
    }
    return environment


def _read(name: str) -> str:
    return (resources.files(__package__) / "templates" / name).read_text("utf-8")


def _shorten(text: str) -> str:
    """Leave out the indentation and the lines of comments of a script or style: a tenth of it, in every page."""
    return re.sub(r"^[ ]*//.*\n|^/\*.*\*/\n|^[ ]+", "", text, flags=re.MULTILINE)


def _inside_script(text: str) -> str:
    """Escape JSON so that no text in it can end the script element around it."""
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _write_policy(scripts: list[str], *, connects: bool) -> str:
    """Allow only the page's own scripts, as a second barrier should escaping miss a text."""
    policy = f"default-src 'none'; script-src {' '.join(scripts)}; style-src 'unsafe-inline'; img-src data: blob:"
    return f"{policy}; connect-src 'self'" if connects else policy


def describe_nbytes(nbytes: int | None) -> str:
    """Write bytes for a cell: a dash for zero, ``?`` for unknown."""
    return "?" if nbytes is None else format_nbytes(nbytes) if nbytes else "-"
