"""The formats that a run can be written in."""

from __future__ import annotations

import enum
from typing import IO, TYPE_CHECKING

from .text import write_text
from .view import View

if TYPE_CHECKING:
    from ndmem.model.family import Family
    from ndmem.model.trace import Trace

_DEFAULT = View()


class Format(enum.Enum):
    """How a report is written."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"
    COLLAPSED = "collapsed"
    SPEEDSCOPE = "speedscope"
    CHROME = "chrome"


def write_run(
    trace: Trace,
    stream: IO[str],
    *,
    form: Format = Format.TEXT,
    view: View = _DEFAULT,
    file: str | None = None,
    family: Family | None = None,
) -> None:
    """Write a run.

    Parameters
    ----------
    trace : Trace
        The run.
    stream : text stream
        Where to.
    form : Format
        How.
    view : View
        What to show: the text has all of it, other formats the moment and the code of libraries. JSON and HTML have
        both moments.
    file : str or None
        The trace's file, for the command that shows more.
    family : Family or None
        The processes of the run; collapsed stacks and speedscope tell of no others than the program.

    Raises
    ------
    MissingError
        If HTML is asked for and Jinja2 or Plotly is not installed.
    OSError
        If the stream cannot be written.
    """
    # The others are loaded by who asks for them: together they would take 15 ms of every run.
    if form is Format.TEXT:
        write_text(trace, stream, view=view, file=file, family=family)
    elif form is Format.JSON:
        from .json import write_json  # noqa: PLC0415  # as above

        write_json(trace, stream, library=view.library, family=family)
    elif form is Format.HTML:
        from .html.page import write_html  # noqa: PLC0415  # as above

        write_html(trace, stream, library=view.library, family=family)
    elif form is Format.CHROME:
        from .chrome import write_chrome  # noqa: PLC0415  # as above

        write_chrome(trace, stream)
    else:
        from .folded import write_collapsed, write_speedscope  # noqa: PLC0415  # as above

        write = write_collapsed if form is Format.COLLAPSED else write_speedscope
        write(trace, stream, measure=view.measure, library=view.library)
