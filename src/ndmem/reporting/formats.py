"""The formats that a run can be written in."""

from __future__ import annotations

import enum
from typing import IO, TYPE_CHECKING

from ndmem.analysis.moment import Moment

from .folded import write_collapsed, write_speedscope
from .json import write_json
from .text import By, write_text

if TYPE_CHECKING:
    from ndmem.model.family import Family
    from ndmem.model.trace import Trace


class Format(enum.Enum):
    """How a report is written."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"
    COLLAPSED = "collapsed"
    SPEEDSCOPE = "speedscope"


def write_run(
    trace: Trace,
    stream: IO[str],
    *,
    form: Format = Format.TEXT,
    by: By = By.LINE,
    moment: Moment = Moment.PEAK,
    library: bool = False,
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
    by : By
        What the rows are; only text has them. Collapsed stacks and speedscope are by stack, JSON is by line, HTML has
        several.
    moment : Moment
        The peak or the end; JSON and HTML have both.
    library : bool
        Show the code of libraries.
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
    if form is Format.TEXT:
        write_text(trace, stream, by=by, moment=moment, library=library, file=file, family=family)
    elif form is Format.JSON:
        write_json(trace, stream, library=library, family=family)
    elif form is Format.HTML:
        from .html.page import write_html  # noqa: PLC0415  # only who asks pays for it

        write_html(trace, stream, library=library, family=family)
    elif form is Format.COLLAPSED:
        write_collapsed(trace, stream, moment=moment, library=library)
    else:
        write_speedscope(trace, stream, moment=moment, library=library)
