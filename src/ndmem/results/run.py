"""Run: the public object for a recorded run, with its figures, its reports and its file."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ndmem.analysis.answer.empty import is_empty_run
from ndmem.analysis.index import TraceIndex
from ndmem.analysis.measure import Measure
from ndmem.analysis.moment import Moment
from ndmem.analysis.tables.lines import Line, line_table
from ndmem.errors import TrackingError
from ndmem.model.trace_file.writing import write_trace
from ndmem.platform.gil_waits import short_gil_waits
from ndmem.reporting.formats import Format, write_run
from ndmem.reporting.relative_path import shorten_path
from ndmem.reporting.text.left_over import write_left_over
from ndmem.reporting.view import By, View
from ndmem.tracking.recorder import untracked
from ndmem.units import format_nbytes

from .choice import read_choice

if TYPE_CHECKING:
    import pandas as pd

    from ndmem.model.advice.finding import Finding
    from ndmem.model.family import Family
    from ndmem.model.trace import Trace
    from ndmem.reporting.prediction_words import Outlook

    from .findings import Findings

_ADVISED = {Format.TEXT, Format.JSON, Format.HTML, Format.MARKDOWN}


class Run:
    """Run of a program or of a piece of code: its figures and its reports.

    Parameters
    ----------
    trace : Trace
        The raw record.
    path : path, optional
        The file in which it is saved.
    family : Family, optional
        The trace with those of the processes that the program started.
    """

    def __init__(
        self,
        trace: Trace | None = None,
        *,
        path: str | os.PathLike[str] | None = None,
        family: Family | None = None,
    ) -> None:
        self._trace = trace
        self._family = family
        self._path = None if path is None else Path(path)
        self._asked: TraceIndex | None = None

    @property
    def trace(self) -> Trace:
        """The raw record: call stacks, allocations and deallocations."""
        if self._trace is None:
            raise TrackingError("nothing was tracked yet; call start() first")
        return self._trace

    def _index(self) -> TraceIndex:
        """Return the index of the trace; a new one while the run goes on, because its trace changes."""
        trace = self.trace
        if self._asked is None or self._asked.trace is not trace:
            self._asked = TraceIndex(trace, family=self._family)
        return self._asked

    @property
    def peak(self) -> int:
        """Highest live bytes of arrays."""
        return self.trace.peak.nbytes

    @property
    def live(self) -> int:
        """Live bytes of arrays at the end; while it is tracked, now."""
        return self.trace.live_nbytes

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to see: no array in any process, no native memory to speak of, and a normal end."""
        return is_empty_run(self._index())

    def lines(self, *, library: bool = False) -> tuple[Line, ...]:
        """Return the line table; lines that allocated what is live at the peak come first.

        Parameters
        ----------
        library : bool
            Also give the lines of libraries a row; else they are charged to the user's line that called them.
        """
        with untracked(), short_gil_waits():
            return line_table(self._index(), library=library)

    def report(
        self,
        stream: IO[str] | None = None,
        *,
        form: Format | str = Format.TEXT,
        by: By | str = By.LINE,
        at: Moment | str = Moment.PEAK,
        library: bool = False,
        processes: bool = False,
        of: Measure | str | None = None,
        advice: bool = True,
    ) -> None:
        """Print the report.

        Parameters
        ----------
        stream : text stream, optional
            Destination; standard output if not given.
        form : Format or str
            ``"text"``, ``"json"``, ``"html"``, ``"collapsed"``, ``"speedscope"``, ``"chrome"`` or
            ``"markdown"``.
        by : By or str
            A row for each ``"line"``, ``"function"``, ``"array"`` or ``"stack"``, or the ``"tree"`` of calls.
        at : Moment or str
            Show the arrays live at the ``"peak"``, or at the ``"end"``.
        library : bool
            Show the lines of libraries.
        processes : bool
            Show the lines of all processes together, in text by line; so it is where a child process has most.
        of : Measure or str, optional
            Bytes that weigh stacks in other tools' formats: ``"peak"``, ``"kept"``, ``"total"`` or ``"temporary"``.
        advice : bool
            Say what to change in the program, in text, JSON, HTML and Markdown; `ndmem.advise` has all of it.
        """
        file = None if self._path is None else shorten_path(str(self._path))
        with untracked(), short_gil_waits():
            chosen = read_choice("form", form, Format)
            index = self._index()
            write_run(
                index,
                stream or sys.stdout,
                form=chosen,
                view=View(
                    by=read_choice("by", by, By),
                    moment=read_choice("at", at, Moment),
                    library=library,
                    processes=processes,
                    of=None if of is None else read_choice("of", of, Measure),
                ),
                file=file,
                findings=_list_advice(index) if advice and chosen in _ADVISED else (),
            )

    def report_left_over(
        self, stream: IO[str] | None = None, *, start_s: float = 0.0, end_s: float | None = None
    ) -> None:
        """Print which arrays were allocated in a range of the run and are live at its end, by line.

        Parameters
        ----------
        stream : text stream, optional
            Destination; standard output if not given.
        start_s, end_s : float
            The range, in seconds since the start of the run; to its end if `end_s` is not given.
        """
        with untracked(), short_gil_waits():
            write_left_over(self._index(), stream or sys.stdout, start_s=start_s, end_s=end_s)

    def to_html(
        self, path: str | os.PathLike[str] | None = None, *, library: bool = False, plotlyjs: str = "inline"
    ) -> str | None:
        """Write a page of HTML: timeline, call stacks, source, live arrays.

        Parameters
        ----------
        path : path, optional
            File to write; if it is not given, the page is returned.
        library : bool
            Give the lines of libraries rows of their own.
        plotlyjs : str
            ``"inline"`` puts Plotly's JavaScript (1.2 MiB) into the page, which then needs no other file; ``"cdn"``
            lets the browser load it from the network; anything else is the path of a file that several pages share,
            written if it does not exist.

        Returns
        -------
        str or None
            The page in ASCII, if ``path`` is not given.

        Raises
        ------
        OSError
            If a file cannot be written.
        """
        return self._make_page(self._index(), path, library=library, plotlyjs=plotlyjs)

    def _make_page(
        self,
        index: TraceIndex,
        path: str | os.PathLike[str] | None,
        *,
        library: bool,
        plotlyjs: str,
        outlook: Outlook | None = None,
    ) -> str | None:
        with untracked(), short_gil_waits():
            from ndmem.reporting.html.charts.plotlyjs import find_plotlyjs
            from ndmem.reporting.html.page import write_html

            plotly = find_plotlyjs(plotlyjs, folder=None if path is None else Path(path).absolute().parent)
            page = io.StringIO()
            write_html(index, page, library=library, plotlyjs=plotly, outlook=outlook, findings=_list_advice(index))
            if path is None:
                return page.getvalue()
            Path(path).write_text(page.getvalue(), "ascii")
            return None

    def to_pandas(self, *, library: bool = False) -> pd.DataFrame:
        """Return the line table as a pandas DataFrame, with ``<NA>`` for unknown figures.

        Parameters
        ----------
        library : bool
            Give the lines of libraries rows of their own.

        Raises
        ------
        MissingError
            If pandas is not installed.
        """
        with untracked(), short_gil_waits():
            from ndmem.reporting.export.dataframe import make_dataframe

            return make_dataframe(self._index(), library=library)

    def stats(self, stream: IO[str] | None = None, *, as_json: bool = False) -> None:
        """Print the totals, and the buffers by size.

        Parameters
        ----------
        stream : text stream, optional
            Destination; standard output if not given.
        as_json : bool
            Print one JSON object instead of text.
        """
        from ndmem.reporting.export.stats_json import write_stats_json  # no report needs it
        from ndmem.reporting.text.stats import write_stats

        with untracked(), short_gil_waits():
            (write_stats_json if as_json else write_stats)(self._index(), stream or sys.stdout)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the trace to a file, for `load` and ``ndmem report``.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        with untracked(), short_gil_waits():
            write_trace(self.trace, path)
        self._path = Path(path)

    def __repr__(self) -> str:
        of = "" if self._path is None else f"{shorten_path(str(self._path))}, "
        return f"<ndmem.Run {of}peak {format_nbytes(self.peak)}, live {format_nbytes(self.live)}>"

    def _repr_html_(self) -> str | None:
        from ndmem.reporting.html.notebook_cell import cell_html

        with untracked(), short_gil_waits():
            index = self._index()
            return cell_html(index, findings=_list_advice(index))


def _list_advice(index: TraceIndex) -> tuple[Finding, ...]:
    # The rules are not imported while the program runs, as this module is.
    from .findings import list_advice

    return list_advice(index)


def advice_of(run: Run) -> Findings:
    """Return the advice on a run, for `ndmem.advise`; errors are those of `Findings`."""
    from .findings import Findings

    with untracked(), short_gil_waits():
        return Findings(run._index(), file=None if run._path is None else shorten_path(str(run._path)))


def index_of(run: Run) -> TraceIndex:
    """Return the index of a run's trace, which every view takes."""
    return run._index()
