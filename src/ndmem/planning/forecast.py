"""A function and its arguments in, its memory at the real size out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ndmem.errors import PredictionError

from .child import Child, ChildDiedError, ChildTimeoutError
from .climb import Climbed, climb
from .crossings import Crossing, find_crossings
from .doubts import Doubt, find_doubts
from .envelope_trace import envelope_trace
from .formula import Formulas, find_formulas
from .fresh import FreshChild
from .further import measure_further
from .label import Confidence
from .ladder import Budget, FunctionFailedError, Ladder
from .line import Line, choose_line
from .native import Native, measure_native
from .pace import carry_seconds
from .predicted_trace import build_trace, predict_trace
from .remainders import doubt_remainders
from .stillness import StuckError
from .work import Meter, Worker

if TYPE_CHECKING:
    from ndmem.model.columns import Int64s
    from ndmem.model.trace import Trace

    from .arguments import Arguments

_LOW = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """What a function will need.

    Attributes
    ----------
    nbytes : int
        Highest live bytes of arrays above the arguments; the result counts.
    inputs_nbytes : int
        Bytes of the arguments' arrays.
    confidence : Confidence
        How sure that is.
    low, high : int
        Between which it lies.
    reason : str
        Why it is not exact; nothing if it is.
    seconds : float or None
        What a run takes, about; ``None`` if even small ones did not come to their end.
    trace : Trace
        The predicted run.
    line : Line
        The sizes that were measured on.
    climbed : Climbed
        The runs, for other sizes on the line.
    formulas : Formulas or None
        Every buffer's size by the dimensions, where that was found.
    were : (births,) int64 or None
        Which measured buffer each buffer of the trace is; ``None`` where runs did not match.
    native : Native
        Native memory on top of the arrays, as far as it is known.
    ghost_nbytes : int or None
        The most that a ghost of the real size had in RAM (Pss); ``None`` if there was none.
    """

    nbytes: int
    inputs_nbytes: int
    confidence: Confidence
    low: int
    high: int
    reason: str
    seconds: float | None
    trace: Trace
    line: Line
    climbed: Climbed
    formulas: Formulas | None
    were: Int64s | None
    native: Native
    ghost_nbytes: int | None = None


def forecast(
    function: Callable[..., Any],
    arguments: Arguments,
    meter: Meter,
    *,
    budget: Budget,
    sandbox: bool,
    native: bool,
    progress: Callable[[str], None],
) -> Forecast:
    """Predict the memory of a call.

    Parameters
    ----------
    function, arguments, meter
        What is called, with what, and what measures it.
    budget : Budget
        What measuring may cost.
    sandbox : bool
        Refuse what reaches beyond the child.
    native : bool
        Measure native memory too.
    progress : callable
        Told what is measured.

    Raises
    ------
    PredictionError
        With the reason, if nothing can be said.
    """

    def make_worker(refused: list[str]) -> Worker:
        return Worker(function, arguments, meter, refused)

    ladder = Ladder(
        choose_line(arguments.lengths, arguments.cost),
        arguments,
        meter,
        Child(make_worker, memory=budget.memory, sandbox=sandbox),
        budget,
        progress,
    )
    try:
        return _forecast_with(ladder, native=native)
    except StuckError as stuck:
        progress("in a fresh interpreter")
        try:
            child = FreshChild(function, arguments, meter, memory=budget.memory, sandbox=sandbox)
        except PredictionError as error:
            raise PredictionError(f"{stuck}; a fresh interpreter cannot run it either: {error}") from None
    return _forecast_with(Ladder(ladder.line, arguments, meter, child, budget, progress), native=native)


def _forecast_with(ladder: Ladder, *, native: bool) -> Forecast:
    """Measure in the ladder's child, and conclude."""
    with ladder.child:
        climbed = climb(ladder)
        crossings = _examine(ladder, climbed)
        if climbed.real is None and not climbed.is_cut and (climbed.is_open or crossings):
            further = measure_further(ladder, climbed, crossings or [])
            if further is not None:
                climbed, crossings = further, _examine(ladder, further)
        doubts = find_doubts(ladder, climbed, crossings)
        if not doubts and climbed.real is None:
            doubts = doubt_remainders(ladder, climbed)
        formulas = None if climbed.real is not None and not ladder.line.target else find_formulas(ladder, climbed)
        beside = measure_native(ladder, climbed) if native else Native(None, "it was not asked for")
    return _conclude(ladder, climbed, doubts, formulas, beside)


def _examine(ladder: Ladder, climbed: Climbed) -> list[Crossing] | None:
    """Return the numbers in the code beyond what was measured; ``None`` if it cannot be examined."""
    if climbed.real is not None or climbed.is_cut:
        return []
    try:
        return find_crossings(ladder, climbed)
    except (FunctionFailedError, ChildDiedError, ChildTimeoutError):
        return None


def _conclude(
    ladder: Ladder, climbed: Climbed, doubts: list[Doubt], formulas: Formulas | None, native: Native
) -> Forecast:
    """Say how much, and how sure that is."""
    nbytes = climbed.found.nbytes if climbed.real is None else climbed.real.peak
    low, high = _find_interval(ladder, climbed, doubts, nbytes)
    trace, were = _make_trace(ladder, climbed)
    seconds = _estimate_seconds(ladder, climbed)
    return Forecast(
        nbytes=nbytes,
        inputs_nbytes=_inputs(ladder, climbed),
        confidence=_label(climbed, doubts, max(high - nbytes, nbytes - low) / max(nbytes, 1)),
        low=low,
        high=high,
        reason="; ".join(doubt.text for doubt in doubts),
        seconds=seconds,
        trace=_describe(trace, doubts, seconds or 0.0),
        line=ladder.line,
        climbed=climbed,
        formulas=formulas,
        were=were,
        native=native,
    )


def _find_interval(ladder: Ladder, climbed: Climbed, doubts: list[Doubt], nbytes: int) -> tuple[int, int]:
    """Return between which bytes the peak lies; what a first call takes more is within."""
    if climbed.real is not None:
        return nbytes, nbytes + ladder.first_extra
    found = climbed.found
    error = found.error + (climbed.agreement or 0.0) * (2 if found.is_matched else 4)
    if any(doubt.is_grave for doubt in doubts):
        error = max(error, 0.05)
    low, high = min(found.low, nbytes) * (1 - error), max(found.high, nbytes) * (1 + error)
    if any(doubt.may_stop for doubt in doubts):
        low = min(low, climbed.points[-1].peak)
    return int(low), int(high) + ladder.first_extra


def _label(climbed: Climbed, doubts: list[Doubt], error: float) -> Confidence:
    if error > _LOW or any(doubt.is_grave for doubt in doubts):
        return Confidence.LOW
    if climbed.real is not None and not error:
        return Confidence.MEASURED
    return Confidence.STABLE if doubts else Confidence.EXACT


def _make_trace(ladder: Ladder, climbed: Climbed) -> tuple[Trace, Int64s | None]:
    if climbed.real is not None:
        measured = ladder.meter.assemble(climbed.real.parts)
        trace, were = build_trace(measured, measured.events)
        return replace(trace, origin=measured.origin), were
    measured = ladder.meter.assemble(climbed.points[-1].parts)
    found = climbed.found
    if found.sizes is None:
        return envelope_trace(measured, ladder.line, climbed.points, found, ladder.line.target), None
    return predict_trace(measured, found.sizes, taken_over=found.reused)


def _describe(trace: Trace, doubts: list[Doubt], seconds: float) -> Trace:
    notes = tuple(f"Predicted: {doubt.text}." for doubt in doubts)
    return replace(trace, run=replace(trace.run, duration_s=seconds, notes=(*trace.run.notes, *notes), program=()))


def _inputs(ladder: Ladder, climbed: Climbed) -> int:
    if climbed.real is not None and climbed.real.inputs_nbytes is not None:
        return climbed.real.inputs_nbytes
    return ladder.inputs_at(ladder.line.target, climbed.points)


def _estimate_seconds(ladder: Ladder, climbed: Climbed) -> float | None:
    """Return about what the real run takes: the product of dimensions that the times grew with goes on."""
    if climbed.real is not None:
        return climbed.real.seconds
    if climbed.is_cut:
        return None
    return carry_seconds(ladder.times, ladder.line.scaled()[:3], ladder.arguments.lengths)
