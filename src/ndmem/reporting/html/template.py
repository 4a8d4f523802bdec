"""A template filled with texts that are not to be trusted, and scripts that are the page's own."""

from __future__ import annotations

import json
from importlib import resources
from typing import IO, TYPE_CHECKING, Any

from ndmem.reporting.diff_text import signed_nbytes
from ndmem.reporting.figure_table import format_share
from ndmem.reporting.plain import plain
from ndmem.units import format_nbytes

from .plotlyjs import INLINE, allow_script, find_plotlyjs, need_html

if TYPE_CHECKING:
    from jinja2 import Environment

    from .plotlyjs import PlotlyJs


def write_page(
    name: str, stream: IO[str], *, context: dict[str, Any], data: dict[str, Any], plotlyjs: PlotlyJs | None = None
) -> None:
    """Write a page: a template with its context, the data of its charts, and the scripts that draw them.

    Parameters
    ----------
    name : str
        Of the template and of its script.
    stream : text stream
        Where to; only ASCII is written.
    context : dict
        What the template shows; every text in it is escaped.
    data : dict
        What the script draws, as JSON.
    plotlyjs : PlotlyJs or None
        Where the page has Plotly's JavaScript from; inside, if not given.

    Raises
    ------
    MissingError
        If Jinja2 or Plotly is not installed.
    OSError
        If the stream cannot be written.
    """
    need_html()
    plotly, script = (
        plotlyjs or find_plotlyjs(INLINE),
        "(() => {\n" + _read("common.js") + _read(f"{name}.js") + "})();\n",
    )
    own = {
        "policy": _write_policy([*plotly.allowed, allow_script(script)]),
        "style": _read("report.css"),
        "script": script,
        "plotly": plotly,
        "data": _inside_script(json.dumps(data, separators=(",", ":"))),
    }
    for piece in _open_environment().get_template(f"{name}.html").generate(own | context):
        # Characters as references: whatever the encoding of the file, the browser reads them right.
        stream.write(piece.encode("ascii", "xmlcharrefreplace").decode("ascii"))


def _open_environment() -> Environment:
    """Open the templates; every text that they are given is escaped."""
    import jinja2  # noqa: PLC0415  # optional

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


def _inside_script(text: str) -> str:
    """Write JSON so that nothing in it ends the element it is in."""
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _write_policy(scripts: list[str]) -> str:
    """Allow the page its own scripts and nothing else: not even what escaping might have missed."""
    return f"default-src 'none'; script-src {' '.join(scripts)}; style-src 'unsafe-inline'; img-src data: blob:"


def describe_nbytes(nbytes: int | None) -> str:
    """Write bytes for a cell: a dash for none, ``?`` for what is not known."""
    return "?" if nbytes is None else format_nbytes(nbytes) if nbytes else "-"
