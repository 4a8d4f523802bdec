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
        What the rows are; only text has them. Collapsed stacks and speedscope are by stack, JSON is by line.
    moment : Moment
        The peak or the end; JSON has both.
    library : bool
        Show the code of libraries.
    file : str or None
        The trace's file, for the command that shows more.
    family : Family or None
        The processes of the run; only text and JSON tell of others than the program.

    Raises
    ------
    OSError
        If the stream cannot be written.
    """
    if form is Format.TEXT:
        write_text(trace, stream, by=by, moment=moment, library=library, file=file, family=family)
    elif form is Format.JSON:
        write_json(trace, stream, library=library, family=family)
    elif form is Format.COLLAPSED:
        write_collapsed(trace, stream, moment=moment, library=library)
    else:
        write_speedscope(trace, stream, moment=moment, library=library)
