"""A Trace as one page of HTML that opens from disk, without a network."""

from __future__ import annotations

import json
from importlib import resources
from typing import IO, TYPE_CHECKING, Any

from ndmem.analysis.ending import ending_sentence
from ndmem.analysis.lines import line_table
from ndmem.analysis.moment import Moment
from ndmem.analysis.processes import process_tree
from ndmem.analysis.sentence import answer_sentence
from ndmem.analysis.total_sentence import native_matters, total_sentence
from ndmem.reporting.figure_table import format_share
from ndmem.reporting.moments import title_moment
from ndmem.reporting.notes import describe_run, list_notes
from ndmem.reporting.paths import file_names
from ndmem.reporting.plain import plain
from ndmem.reporting.process_table import describe_process
from ndmem.units import format_nbytes

from .arrays import list_arrays
from .charts import describe_nbytes, draw_icicles, draw_timeline, grow_branches
from .code import name_anchors, show_code
from .limits import Limits
from .plotlyjs import INLINE, allow_script, find_plotlyjs, need_html

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jinja2 import Environment

    from ndmem.analysis.processes import ProcessTree
    from ndmem.model.family import Family
    from ndmem.model.trace import Trace
    from ndmem.reporting.paths import FileNames

    from .plotlyjs import PlotlyJs


_DEFAULT = Limits()


def write_html(
    trace: Trace,
    stream: IO[str],
    *,
    family: Family | None = None,
    library: bool = False,
    plotlyjs: PlotlyJs | None = None,
    limits: Limits = _DEFAULT,
    folder: str | None = None,
) -> None:
    """Write a run as a page of HTML.

    Parameters
    ----------
    trace : Trace
        The run.
    stream : text stream
        Where to; only ASCII is written.
    family : Family or None
        The processes of the run, if there may be others than the program.
    library : bool
        Give the lines of libraries rows of their own.
    plotlyjs : PlotlyJs or None
        Where the page has Plotly's JavaScript from; inside, if not given.
    limits : Limits
        How much of the run it shows.
    folder : str or None
        Folder that files are named relative to; the working folder if not given.

    Raises
    ------
    MissingError
        If Jinja2 or Plotly is not installed.
    TraceError
        If the trace's call tree is damaged.
    OSError
        If the stream cannot be written.
    """
    need_html()
    plotly, script = plotlyjs or find_plotlyjs(INLINE), _read("report.js")
    names = file_names(trace.run, folder=folder)
    timeline, timeline_rows = draw_timeline(trace, names, points=limits.points)
    data = json.dumps(
        {"timeline": timeline, "icicles": draw_icicles(trace, names, nodes=limits.nodes)}, separators=(",", ":")
    )
    native = native_matters(trace)
    # A line without arrays has nothing to show where native memory is not shown.
    lines = [line for line in line_table(trace, library=library) if native or line.count]
    anchors = name_anchors(lines[: limits.lines])
    context = {
        "policy": _write_policy([*plotly.allowed, allow_script(script)]),
        "style": _read("report.css"),
        "script": script,
        "plotly": plotly,
        "data": _inside_script(data),
        "program": plain(" ".join(trace.run.program)) or "code tracked from inside",
        "sentences": _sentences(trace, names),
        "ending": plain(ending_sentence(trace, name_file=names.name) or ""),
        "described": describe_run(trace, Moment.PEAK),
        "timeline_rows": timeline_rows,
        "branches": grow_branches(trace, names),
        "lines": lines[: limits.lines],
        "left_out": max(len(lines) - limits.lines, 0),
        "native": native,
        "names": names,
        "anchors": anchors,
        "files": show_code(trace, lines[: limits.lines], names),
        "tables": [
            (moment.value, title_moment(trace, moment), list_arrays(trace, names, moment, anchors, most=limits.arrays))
            for moment in Moment
        ],
        "processes": _tell_processes(family, names),
        "notes": [*list_notes(trace, lines), *map(plain, family.notes if family else ())],
        "trace": trace,
    }
    for piece in _open_environment().get_template("report.html").generate(context):
        # Characters as references: whatever the encoding of the file, the browser reads them right.
        stream.write(piece.encode("ascii", "xmlcharrefreplace").decode("ascii"))


def _open_environment() -> Environment:
    """Open the templates; every text that they are given is escaped."""
    import jinja2  # noqa: PLC0415  # optional

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_read), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    environment.filters |= {"nbytes": describe_nbytes, "share": format_share, "plain": plain, "bytes": format_nbytes}
    return environment


def _read(name: str) -> str:
    return (resources.files(__package__) / "templates" / name).read_text("utf-8")


def _inside_script(text: str) -> str:
    """Write JSON so that nothing in it ends the element it is in."""
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _write_policy(scripts: Iterable[str]) -> str:
    """Allow the page its own scripts and nothing else: not even what escaping might have missed."""
    return f"default-src 'none'; script-src {' '.join(scripts)}; style-src 'unsafe-inline'; img-src data: blob:"


def _sentences(trace: Trace, names: FileNames) -> list[str]:
    texts = (answer_sentence(trace, name_file=names.name), total_sentence(trace, name_file=names.name))
    return [f"{plain(text)}." for text in texts if text]


def _tell_processes(family: Family | None, names: FileNames) -> dict[str, Any] | None:
    """Return the process tree, where there is more than the program."""
    if family is None or len(family.members) < 2:
        return None
    tree: ProcessTree = process_tree(family)
    return {"tree": tree, "rows": [(process, plain(describe_process(process, names))) for process in tree.processes]}
