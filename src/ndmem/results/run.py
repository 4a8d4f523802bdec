"""What a user holds of a run: its figures, its reports, its file."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

from .analysis.lines import Line, line_table
from .analysis.measure import Measure
from .analysis.moment import Moment
from .errors import TrackingError
from .model.codec import write_trace
from .reporting.formats import Format, write_run
from .reporting.view import By, View
from .tracking.machine import describe_limit
from .tracking.recorder import Recorder, unseen
from .units import parse_nbytes

if TYPE_CHECKING:
    from types import TracebackType

    import pandas as pd

    from .model.family import Family
    from .model.trace import Trace
    from .reporting.html.outlook import Outlook


class Run:
    """A run of a program or of a piece of code, with everything that can be said about it.

    Parameters
    ----------
    trace : Trace
        What happened.
    path : path, optional
        The file it is saved in.
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

    @property
    def trace(self) -> Trace:
        """The raw record: call stacks, births and deaths."""
        if self._trace is None:
            raise TrackingError("nothing was tracked yet; call start() first")
        return self._trace

    @property
    def peak(self) -> int:
        """Highest live bytes of arrays."""
        return self.trace.peak.nbytes

    @property
    def live(self) -> int:
        """Bytes of arrays alive at the end; while it is tracked, now."""
        return self.trace.live_nbytes

    def lines(self, *, library: bool = False) -> tuple[Line, ...]:
        """Return the line table, the lines that matter at the peak first.

        Parameters
        ----------
        library : bool
            Also the lines of libraries, which otherwise count for the user's line that called them.
        """
        with unseen():
            return line_table(self.trace, library=library)

    def report(
        self,
        stream: IO[str] | None = None,
        *,
        form: Format | str = Format.TEXT,
        by: By | str = By.LINE,
        at: Moment | str = Moment.PEAK,
        library: bool = False,
        of: Measure | str | None = None,
    ) -> None:
        """Print the report.

        Parameters
        ----------
        stream : text stream, optional
            Where to; standard output.
        form : Format or str
            ``"text"``, ``"json"``, ``"html"``, ``"collapsed"``, ``"speedscope"`` or ``"chrome"``.
        by : By or str
            A row for each ``"line"``, ``"function"``, ``"array"`` or ``"stack"``, or the ``"tree"`` of calls.
        at : Moment or str
            What was alive at the ``"peak"``, or at the ``"end"``.
        library : bool
            Show the lines of libraries.
        of : Measure or str, optional
            What weighs call stacks for other tools: ``"peak"``, ``"kept"``, ``"total"`` or ``"temporary"``.
        """
        file = None if self._path is None else _shorten(self._path)
        with unseen():
            write_run(
                self.trace,
                stream or sys.stdout,
                form=Format(form),
                view=View(by=By(by), moment=Moment(at), library=library, of=None if of is None else Measure(of)),
                file=file,
                family=self._family,
            )

    def to_html(
        self, path: str | os.PathLike[str] | None = None, *, library: bool = False, plotlyjs: str = "inline"
    ) -> str | None:
        """Make a page of HTML: timeline, call stacks, source, live arrays.

        Parameters
        ----------
        path : path, optional
            Where to write it; without it the page is returned.
        library : bool
            Give the lines of libraries rows of their own.
        plotlyjs : str
            ``"inline"`` puts Plotly's JavaScript (4.6 MiB) into the page, which then needs nothing else; ``"cdn"`` has
            the browser fetch it; anything else is a file that several pages share, written if it is not there.

        Returns
        -------
        str or None
            The page, if it has no path; ASCII.

        Raises
        ------
        MissingError
            If Jinja2 or Plotly is not installed.
        OSError
            If a file cannot be written.
        """
        return self._make_page(self.trace, path, library=library, plotlyjs=plotlyjs)

    def _make_page(
        self,
        trace: Trace,
        path: str | os.PathLike[str] | None,
        *,
        library: bool,
        plotlyjs: str,
        outlook: Outlook | None = None,
    ) -> str | None:
        with unseen():
            from .reporting.html.page import write_html  # noqa: PLC0415  # only who asks pays for it
            from .reporting.html.plotlyjs import find_plotlyjs  # noqa: PLC0415  # as above

            plotly = find_plotlyjs(plotlyjs, folder=None if path is None else Path(path).absolute().parent)
            page = io.StringIO()
            write_html(trace, page, family=self._family, library=library, plotlyjs=plotly, outlook=outlook)
            if path is None:
                return page.getvalue()
            Path(path).write_text(page.getvalue(), "ascii")
            return None

    def to_pandas(self, *, library: bool = False) -> pd.DataFrame:
        """Return the line table as a pandas DataFrame, ``<NA>`` where a figure is not known.

        Parameters
        ----------
        library : bool
            Give the lines of libraries rows of their own.

        Raises
        ------
        MissingError
            If pandas is not installed.
        """
        with unseen():
            from .reporting.frame import make_frame  # noqa: PLC0415  # only who asks pays for it

            return make_frame(self.trace, library=library)

    def stats(self, stream: IO[str] | None = None, *, as_json: bool = False) -> None:
        """Print the totals, and how big the buffers were.

        Parameters
        ----------
        stream : text stream, optional
            Where to; standard output.
        as_json : bool
            One JSON object instead of text.
        """
        from .reporting.stats import write_stats, write_stats_json  # noqa: PLC0415  # no report needs it

        with unseen():
            (write_stats_json if as_json else write_stats)(self.trace, stream or sys.stdout)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the trace to a file, for `load` and ``ndmem report``.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        with unseen():
            write_trace(self.trace, path)
        self._path = Path(path)

    def _repr_html_(self) -> str | None:
        from .reporting.html.cell import cell_html  # noqa: PLC0415  # only who shows it pays for it

        with unseen():
            return cell_html(self.trace, family=self._family)


class TrackedRun(Run):
    """Code tracked from inside: between ``start()`` and ``stop()``, or in a ``with`` block.

    Only buffers born after the start are seen. Inside another tracked run it is a view of the same tracker,
    with a start and a peak of its own.

    Parameters
    ----------
    threshold : int or str, optional
        Buffers of this many bytes and more are single events; the running tracker's, or 4 KiB.

    Raises
    ------
    TrackingError
        If tracking cannot work in this interpreter, or another threshold is in force.
    UnitError
        If the threshold is not a number of bytes.
    """

    def __init__(self, *, threshold: int | str | None = None) -> None:
        super().__init__()
        self._threshold = None if threshold is None else parse_nbytes(threshold)
        self._recorder: Recorder | None = None

    def start(self) -> TrackedRun:
        """Track from now on, and forget an earlier time."""
        if self._recorder is not None and self._recorder.running:
            raise TrackingError("it is tracking already; call stop() first, or use another track()")
        recorder = Recorder(threshold=self._threshold)
        with unseen():
            about = {"limit": describe_limit()}
        recorder.start(about)
        self._recorder = recorder
        return self

    def stop(self) -> TrackedRun:
        """Track no more; what was seen stays."""
        if self._recorder is None:
            raise TrackingError("nothing was tracked yet; call start() first")
        self._recorder.stop()
        return self

    def __enter__(self) -> TrackedRun:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def trace(self) -> Trace:
        """The raw record so far: call stacks, births and deaths."""
        if self._recorder is None:
            raise TrackingError("nothing was tracked yet; call start() first")
        return self._recorder.read_trace()

    @property
    def peak(self) -> int:
        """Highest live bytes of arrays since the start."""
        return 0 if self._recorder is None else self._recorder.peak

    @property
    def live(self) -> int:
        """Bytes of arrays born since the start and alive now, or at the stop."""
        return 0 if self._recorder is None else self._recorder.live

    def _repr_html_(self) -> str | None:
        # A notebook shows the repr of what has no HTML yet.
        return None if self._recorder is None else super()._repr_html_()

    def __repr__(self) -> str:
        state = "not started" if self._recorder is None else "running" if self._recorder.running else "stopped"
        return f"<ndmem.TrackedRun {state}, peak {self.peak} bytes, live {self.live} bytes>"


def _shorten(path: Path) -> str:
    """Write a path as one would type it here."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except (ValueError, OSError):  # elsewhere, or the working folder was deleted
        return str(path)
