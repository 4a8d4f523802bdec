"""The public Prediction object: a Run that has not happened yet."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any

from ndmem.analysis.index import TraceIndex
from ndmem.errors import PredictionError
from ndmem.model.machine_limit import read_machine_limit
from ndmem.phrasing import current_phrasing
from ndmem.planning.solve_for_dim import find_longest
from ndmem.reporting.text.prediction import describe_outlook, prediction_sentence, write_prediction
from ndmem.results.memory_limits import Fit, fits
from ndmem.tracking.launcher.machine_limit import describe_limit
from ndmem.tracking.recorder import untracked
from ndmem.units import format_nbytes, parse_nbytes

from .predicted_figures import PredictedFigures
from .predicted_lines import PredictedLine, add_formulas

if TYPE_CHECKING:
    from ndmem.analysis.tables.lines import Line
    from ndmem.model.trace import Trace
    from ndmem.planning.arguments.arguments import Arguments
    from ndmem.planning.forecast import Forecast

    Verify = Callable[["Forecast", float], "Forecast"]


class Prediction(PredictedFigures):
    """The memory that a call will need; a run with a predicted trace, for which every report works.

    Parameters
    ----------
    forecast : Forecast
        The forecast.
    arguments : Arguments
        The arguments of the call.
    verify : callable, optional
        Runs the real size as a ghost.

    Examples
    --------
    >>> import ndmem
    >>> def scale(x):
    ...     return (x - x.mean(axis=0)) / x.std(axis=0)
    >>> found = ndmem.predict(scale, "f4[n, d]", dims=ndmem.dims(n=2_000_000, d=64))
    >>> found.confidence.value, found.inputs
    ('verified', 512000000)
    """

    def __init__(self, forecast: Forecast, arguments: Arguments, *, verify: Verify | None = None) -> None:
        super().__init__(forecast, arguments)
        self._verify = verify

    def lines(self, *, library: bool = False) -> tuple[PredictedLine, ...]:
        """Return the line table, with the formula of each line's peak if there is one.

        Parameters
        ----------
        library : bool
            Include lines of libraries, which otherwise are charged to the user's line that called them.
        """
        rows: tuple[Line, ...] = super().lines(library=library)
        with untracked():
            return add_formulas(rows, self._forecast)

    def fits(self, budget: int | str | None = None) -> Fit:
        """Tell whether the call fits into memory.

        Parameters
        ----------
        budget : int or str, optional
            Bytes that the call may use; by default what this process may still use.

        Returns
        -------
        Fit
            Decided by the upper end of the interval.
        """
        needs = self.nbytes + self.interval[1] - self.peak
        if budget is None:
            return fits(max(needs, 0))
        allowed = parse_nbytes(budget)
        return Fit(needs <= allowed, needs, allowed, 0)

    def max(self, dim: str, *, budget: int | str | None = None) -> int:
        """Return the greatest length of a dimension within a budget.

        Parameters
        ----------
        dim : str
            The dimension.
        budget : int or str, optional
            Bytes for arguments, arrays and native memory together; by default what this process may still use.

        Raises
        ------
        PredictionError
            If the dimension is unknown, or no formula in it was found.
        """
        allowed = self._allowed(budget)
        return find_longest(self._forecast, self._arguments, dim, allowed, native=self.native or 0)

    def chunk(self, dim: str, *, budget: int | str | None = None, workers: int = 1) -> int:
        """Return the length of blocks along a dimension with which all workers together stay within a budget.

        Parameters
        ----------
        dim : str
            The dimension.
        budget : int or str, optional
            Bytes for all workers; by default what this process may still use.
        workers : int
            Number of blocks that are processed at the same time.

        Raises
        ------
        PredictionError
            As `max`, and if even a block of length 1 does not fit.
        """
        if workers < 1:
            raise PredictionError(f"workers={workers} is not valid: the number of workers must be at least 1")
        share = self._allowed(budget) // workers
        longest = min(self.max(dim, budget=share), self._arguments.lengths[dim])
        if longest < 1:
            raise PredictionError(
                f"even {dim}=1 does not fit into {format_nbytes(share)} for each of {workers} workers"
            )
        count = -(-self._arguments.lengths[dim] // longest)
        return -(-self._arguments.lengths[dim] // count)

    def verify(self, how: str = "ghost", *, timeout: float = 600.0) -> Prediction:
        """Run the real size with large arrays backed by a small shared window; return the verified prediction.

        Parameters
        ----------
        how : {"ghost"}
            The method.
        timeout : float
            Seconds.

        Raises
        ------
        PredictionError
            If the run fails: array contents are arbitrary, and may break a function.
        """
        if how != "ghost":
            raise PredictionError(f"unknown method {how!r}; write verify('ghost')")
        if self._verify is None:
            raise PredictionError("a loaded prediction cannot be verified; call ndmem.predict again")
        return Prediction(self._verify(self._forecast, timeout), self._arguments, verify=self._verify)

    def explain(self, *, budget: int | str | None = None) -> str:
        """Return the answer with how it was measured: its parts, what is unknown, and each line with its formula.

        Parameters
        ----------
        budget : int or str, optional
            Bytes that the call may use; by default what this process may still use.
        """
        text = io.StringIO()
        with untracked():
            write_prediction(self, text, budget=budget, explain=True)
        return text.getvalue().rstrip()

    def report(self, stream: IO[str] | None = None, **options: Any) -> None:
        """Print the answer in a few lines; with options, the report of a run.

        Parameters
        ----------
        stream : text stream, optional
            The output; standard output by default.
        **options
            As for `Run.report`.
        """
        if options:
            super().report(stream, **options)
            return
        with untracked():
            write_prediction(self, stream)

    def to_html(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        library: bool = False,
        plotlyjs: str = "inline",
        budget: int | str | None = None,
    ) -> str | None:
        """Write a page of HTML: the answer, and the predicted run as `Run.to_html` shows a measured one.

        Parameters
        ----------
        path, library, plotlyjs
            As for `Run.to_html`.
        budget : int or str, optional
            Bytes that the call may use; by default what this process may still use.

        Returns
        -------
        str or None
            The page as ASCII text, if no path is passed.

        Raises
        ------
        OSError
            As for `Run.to_html`.
        """
        with untracked():
            trace, outlook = self._bind_trace(budget), describe_outlook(self, budget=budget)
        return self._make_page(TraceIndex(trace), path, library=library, plotlyjs=plotlyjs, outlook=outlook)

    def _repr_html_(self) -> str:
        from ndmem.reporting.html.notebook_cell import cell_html

        with untracked():
            return cell_html(TraceIndex(self._bind_trace(None)), outlook=describe_outlook(self))

    def _bind_trace(self, budget: int | str | None) -> Trace:
        """Return the predicted trace with the present limits of this machine, which its page draws."""
        allowed = None if budget is None else parse_nbytes(budget)
        run = replace(self.trace.run, limit=read_machine_limit(describe_limit()), budget_nbytes=allowed)
        return replace(self.trace, run=run)

    def _allowed(self, budget: int | str | None) -> int:
        if budget is not None:
            return parse_nbytes(budget)
        free = fits(0).free
        if free is None:
            raise PredictionError(f"no memory limit could be determined; {current_phrasing().budget}")
        return free

    def __str__(self) -> str:
        text = io.StringIO()
        self.report(text)
        return text.getvalue().rstrip()

    def __repr__(self) -> str:
        with untracked():
            return f"<ndmem.Prediction {prediction_sentence(self)}>"
