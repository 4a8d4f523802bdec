"""What a user holds of a prediction: a run that has not been."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any

from .errors import PredictionError
from .model.machine_limit import read_machine_limit
from .planning.inverse import find_most
from .predicted_lines import PredictedLine, add_formulas
from .process.fit import Fit, fits
from .reporting.prediction import describe_outlook, prediction_sentence, write_prediction
from .run import Run
from .tracking.machine import describe_limit
from .tracking.recorder import unseen
from .units import format_nbytes, parse_nbytes

if TYPE_CHECKING:
    from .analysis.lines import Line
    from .model.trace import Trace
    from .planning.arguments import Arguments
    from .planning.forecast import Forecast
    from .planning.label import Confidence

    Verify = Callable[["Forecast", float], "Forecast"]


class Prediction(Run):
    """The memory that a call will need; its trace is a predicted one, and every report of a run works on it.

    Parameters
    ----------
    forecast : Forecast
        What was found.
    arguments : Arguments
        What it was found for.
    verify : callable, optional
        Runs the real size as a ghost.
    """

    def __init__(
        self,
        forecast: Forecast,
        arguments: Arguments,
        *,
        verify: Verify | None = None,
    ) -> None:
        super().__init__(forecast.trace)
        self._forecast = forecast
        self._arguments = arguments
        self._verify = verify

    @property
    def peak(self) -> int:
        """Highest live bytes of arrays above the arguments; what is returned counts."""
        return self._forecast.nbytes

    @property
    def inputs(self) -> int:
        """Bytes of the arguments' arrays."""
        return self._forecast.inputs_nbytes

    @property
    def native(self) -> int | None:
        """Bytes in RAM beyond the arrays at the peak of both; ``None`` where they are not known."""
        return self._forecast.native.nbytes

    @property
    def native_reason(self) -> str:
        """Why native memory is not known; empty where it is."""
        return self._forecast.native.why

    @property
    def total(self) -> int:
        """Bytes of arguments, arrays and, where it is known, native memory together."""
        return self.peak + self.inputs + (self.native or 0)

    @property
    def nbytes(self) -> int:
        """Bytes that are needed on top of what is there: `total`, less the arguments that exist already."""
        return self.total - self._arguments.present_nbytes()

    @property
    def confidence(self) -> Confidence:
        """How sure `peak` is."""
        return self._forecast.confidence

    @property
    def interval(self) -> tuple[int, int]:
        """Between which bytes the peak lies."""
        return self._forecast.low, self._forecast.high

    @property
    def reason(self) -> str:
        """Why it is not exact; empty where it is."""
        return self._forecast.reason

    @property
    def seconds(self) -> float | None:
        """About what the call takes; an estimate from small sizes, ``None`` if even those took too long."""
        return self._forecast.seconds

    @property
    def ghost(self) -> int | None:
        """The most that the ghost of `verify` had in RAM (Pss), in bytes; ``None`` without one."""
        return self._forecast.ghost_nbytes

    @property
    def dims(self) -> dict[str, int]:
        """The length of each dimension."""
        return dict(self._arguments.lengths)

    def lines(self, *, library: bool = False) -> tuple[PredictedLine, ...]:
        """Return the line table, each line with the formula of its peak where there is one.

        Parameters
        ----------
        library : bool
            Also the lines of libraries, which otherwise count for the user's line that called them.
        """
        rows: tuple[Line, ...] = super().lines(library=library)
        with unseen():
            return add_formulas(rows, self._forecast)

    def fits(self, budget: int | str | None = None) -> Fit:
        """Say whether it fits.

        Parameters
        ----------
        budget : int or str, optional
            Bytes it may use; what this process may still use if it is left out.

        Returns
        -------
        Fit
            Judged by the upper end of the interval.
        """
        needs = self.nbytes + self.interval[1] - self.peak
        if budget is None:
            return fits(max(needs, 0))
        allowed = parse_nbytes(budget)
        why = f"needs {format_nbytes(needs)}; the budget is {format_nbytes(allowed)}"
        return Fit(needs <= allowed, needs, allowed, 0, None, why)

    def max(self, dim: str, *, budget: int | str | None = None) -> int:
        """Return how long a dimension can be within a budget.

        Parameters
        ----------
        dim : str
            The dimension.
        budget : int or str, optional
            Bytes for arguments, arrays and native memory together; what this process may still use if left out.

        Raises
        ------
        PredictionError
            If there is no such dimension, or no formula of it was found.
        """
        allowed = self._allowed(budget)
        return find_most(self._forecast, self._arguments, dim, allowed, native=self.native or 0)

    def chunk(self, dim: str, *, budget: int | str | None = None, workers: int = 1) -> int:
        """Return the length of blocks along a dimension, so that as many workers together stay within a budget.

        Parameters
        ----------
        dim : str
            The dimension.
        budget : int or str, optional
            Bytes for all workers; what this process may still use if it is left out.
        workers : int
            How many blocks are worked on at a time.

        Raises
        ------
        PredictionError
            As `max`; and if not even a block of length 1 fits.
        """
        if workers < 1:
            raise PredictionError(f"workers={workers} is no number of workers; write 1 or more")
        share = self._allowed(budget) // workers
        longest = min(self.max(dim, budget=share), self._arguments.lengths[dim])
        if longest < 1:
            raise PredictionError(f"not even {dim}=1 fits into {format_nbytes(share)} for each of {workers} workers")
        count = -(-self._arguments.lengths[dim] // longest)
        return -(-self._arguments.lengths[dim] // count)

    def verify(self, how: str = "ghost", *, timeout: float = 600.0) -> Prediction:
        """Run the real size with every large array laid over a small piece of memory, and return what that says.

        Parameters
        ----------
        how : {"ghost"}
            There is one way.
        timeout : float
            Seconds.

        Raises
        ------
        PredictionError
            If it cannot be verified: values that make no sense may break a function.
        """
        if how != "ghost":
            raise PredictionError(f"there is no way {how!r} to verify; write verify('ghost')")
        if self._verify is None:
            raise PredictionError("a prediction that was made elsewhere cannot be verified; call ndmem.predict again")
        return Prediction(self._verify(self._forecast, timeout), self._arguments, verify=self._verify)

    def report(self, stream: IO[str] | None = None, **options: Any) -> None:
        """Print the answer and the lines; with options, the report of a run.

        Parameters
        ----------
        stream : text stream, optional
            Where to; standard output.
        **options
            As `Run.report`.
        """
        if options:
            super().report(stream, **options)
            return
        with unseen():
            write_prediction(self, stream)

    def to_html(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        library: bool = False,
        plotlyjs: str = "inline",
        budget: int | str | None = None,
    ) -> str | None:
        """Make a page of HTML: the answer, and the predicted run as `Run.to_html` shows a measured one.

        Parameters
        ----------
        path, library, plotlyjs
            As for `Run.to_html`.
        budget : int or str, optional
            Bytes to judge by; what this process may still use if it is left out.

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
        with unseen():
            trace, outlook = self._bind_trace(budget), describe_outlook(self, budget=budget)
        return self._make_page(trace, path, library=library, plotlyjs=plotlyjs, outlook=outlook)

    def _repr_html_(self) -> str:
        from .reporting.html.cell import cell_html  # noqa: PLC0415  # only who shows it pays for it

        with unseen():
            return cell_html(self._bind_trace(None), outlook=describe_outlook(self))

    def _bind_trace(self, budget: int | str | None) -> Trace:
        """Return the predicted trace with what is allowed here and now, which its page draws."""
        allowed = None if budget is None else parse_nbytes(budget)
        run = replace(self.trace.run, limit=read_machine_limit(describe_limit()), budget_nbytes=allowed)
        return replace(self.trace, run=run)

    def _allowed(self, budget: int | str | None) -> int:
        if budget is not None:
            return parse_nbytes(budget)
        free = fits(0).free
        if free is None:
            raise PredictionError("what may be used here is unknown: no limit could be read; pass budget=")
        return free

    def __str__(self) -> str:
        text = io.StringIO()
        self.report(text)
        return text.getvalue().rstrip()

    def __repr__(self) -> str:
        with unseen():
            return f"<ndmem.Prediction {prediction_sentence(self)}>"
