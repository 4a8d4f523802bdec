"""Predict the memory of a call: from a function and its arguments to its memory at the real size."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ndmem.errors import PredictionError
from ndmem.planning.strategy.runs.divisors import measure_or_fall_back
from ndmem.planning.strategy.runs.extra_runs import measure_extra
from ndmem.planning.strategy.runs.formula_runs import measure_formulas
from ndmem.planning.strategy.runs.ghost_run import run_ghost
from ndmem.planning.strategy.runs.largest_run import measure_largest
from ndmem.planning.strategy.runs.remainders import doubt_remainders
from ndmem.planning.strategy.runs.thresholds import Crossing, find_crossings
from ndmem.planning.worker.process.fork_or_spawn import choose_child
from ndmem.planning.worker.process.spawned import SpawnedChild
from ndmem.planning.worker.process.stall import StalledError

from .conclusion import draw_conclusion
from .confidence import Confidence
from .extrapolation.envelope_trace import envelope_trace
from .extrapolation.formula import Formulas
from .extrapolation.replayed_trace import build_trace, predict_trace
from .extrapolation.size_line import Line, choose_line
from .meter import Meter
from .strategy.comparisons import doubt_curves, find_flips
from .strategy.doubt import Doubt, Weight
from .strategy.doubts import find_doubts
from .strategy.failure import NO_RESULT, write_size
from .strategy.findings import Findings
from .strategy.measurements import Budget, Measurements
from .strategy.native_memory import Native, measure_native
from .strategy.time_limit import start_time_limit
from .worker.sandbox.containment import find_containment
from .worker.sandbox.uncontained import UncontainedError

if TYPE_CHECKING:
    from ndmem.model.columns import Int64s
    from ndmem.model.trace import Trace

    from .arguments.arguments import Arguments


_RUN_SPREAD = (3.0, 6.0)
_EXTRAPOLATED_SPREAD = (5.0, 8.0)
"""How much shorter and longer than estimated the duration of a call was in nine of ten cases of benchmarks/prediction:
after a run of the real size, and without one. It is longer more often: the pages of a ghost run are touched already."""

_SLACK_SECONDS = 0.1
"""What a call may last longer besides: new pages and cold caches, in place of the worker's warm ones."""

_FARTHEST = 200.0
_TELLING_SECONDS = 0.01
"""A duration is extrapolated by this factor at most, from a run of this length at least: shorter ones are overhead."""


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """The memory that a call will need.

    Attributes
    ----------
    nbytes : int
        Highest live bytes of arrays above the arguments; the result counts.
    inputs_nbytes : int
        Bytes of the arguments' arrays.
    confidence : Confidence
        The label.
    low, high : int
        Interval of `nbytes`.
    reason : str
        Why the label is no better, and which sizes the time limit left unmeasured; empty if there is nothing to say.
    seconds : float or None
        Estimated duration of the call; ``None`` if no run is near enough to the real size to tell, and for a
        rough answer, for what the call does there is unknown.
    trace : Trace
        The predicted run.
    line : Line
        The line of sizes that were measured.
    findings : Findings
        The runs.
    formulas : Formulas or None
        Bytes of every buffer as polynomials of the dimensions; ``None`` if there are none.
    measured_buffers : (births,) int64 or None
        Number of the measured buffer that each buffer of the trace stands for; ``None`` if the runs do not match.
    native : Native
        Native memory in addition to the arrays.
    ghost_nbytes : int or None
        Highest memory in RAM (Pss) of a ghost run at the real size; ``None`` without one.
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
    findings: Findings
    formulas: Formulas | None
    measured_buffers: Int64s | None
    native: Native
    ghost_nbytes: int | None = None

    @property
    def largest(self) -> dict[str, int]:
        """Lengths of the largest run with real contents."""
        findings = self.findings
        if findings.real is not None:
            return dict(findings.real.lengths)
        return dict((findings.points[-1] if findings.largest is None else findings.largest.point).lengths)

    @property
    def factor(self) -> float:
        """How many times longer the real dimensions are than those of the largest run; 1 if the real size ran."""
        real, largest = self.line.at(self.line.target), self.largest
        return max((real[name] / max(largest[name], 1) for name in self.line.scaled()), default=1.0)

    @property
    def seconds_interval(self) -> tuple[float, float] | None:
        """Shortest and longest duration of the call; ``None`` where `seconds` is."""
        if self.seconds is None:
            return None
        is_run = self.findings.real is not None or self.findings.ghost is not None
        spread = _RUN_SPREAD if is_run else _EXTRAPOLATED_SPREAD
        shorter, longer = spread
        return self.seconds / shorter, self.seconds * longer + _SLACK_SECONDS

    @property
    def not_examined(self) -> tuple[str, ...]:
        """What no run looked at; empty if the real size ran or was verified."""
        if self.confidence in (Confidence.MEASURED, Confidence.VERIFIED) or self.findings.real is not None:
            return ()
        missing = []
        if self.findings.ghost is None:
            missing.append(f"sizes beyond {write_size(self.largest)}: {self.findings.no_ghost}")
        return (*missing, *self.findings.unmeasured)


def forecast(
    function: Callable[..., Any],
    arguments: Arguments,
    meter: Meter,
    *,
    budget: Budget,
    sandbox: bool,
    native: bool,
    progress: Callable[[str], None],
    clock: Callable[[], float] = time.monotonic,
) -> Forecast:
    """Predict the memory of a call.

    Parameters
    ----------
    function, arguments, meter
        The function, its arguments, and the meter that records small runs.
    budget : Budget
        Limits of the measurements.
    sandbox : bool
        Refuse operations with effects outside the child process.
    native : bool
        Measure native memory too.
    progress : callable
        Called with a short text before each run.
    clock : callable
        Returns the time in seconds, for the time limit.

    Raises
    ------
    PredictionError
        If nothing can be predicted; with the reason.
    """
    line = choose_line(arguments.lengths, arguments.cost, arguments.least)
    child = choose_child(function, arguments, meter, memory=budget.memory, sandbox=sandbox)
    limit = start_time_limit(budget.seconds, clock)
    measurements = Measurements(line, arguments, meter, child, budget.memory, limit, progress)
    gaps = find_containment().gaps if sandbox else ()
    try:
        found = _forecast_with(measurements, native=native)
    except (StalledError, UncontainedError) as obstacle:
        progress("in a fresh interpreter")
        try:
            child = SpawnedChild(function, arguments, meter, memory=budget.memory, sandbox=sandbox)
        except PredictionError as error:
            raise PredictionError(f"{obstacle}; a fresh interpreter cannot run it either: {error}") from None
        found = _forecast_with(measurements.restart(child), native=native)
    return _note_gaps(found, gaps)


def _note_gaps(found: Forecast, gaps: tuple[str, ...]) -> Forecast:
    """Note in the trace which operations of the function this system could not refuse."""
    notes = tuple(f"Not refused while it was measured: a C library could {gap}." for gap in gaps)
    run = found.trace.run
    return replace(found, trace=replace(found.trace, run=replace(run, notes=(*run.notes, *notes))))


def _forecast_with(measurements: Measurements, *, native: bool) -> Forecast:
    """Measure in the child of the measurements, and draw the conclusions."""
    with measurements.child:
        measurements, findings = measure_or_fall_back(measurements)
        findings = run_ghost(measurements, measure_largest(measurements, findings))
        crossings = _find_crossings(measurements, findings)
        if findings.real is None and not findings.is_cut and (findings.is_open or crossings):
            findings = measure_extra(measurements, findings, crossings or [])
            crossings = _find_crossings(measurements, findings)
        doubts = find_doubts(measurements, findings, crossings)
        if findings.real is None and not findings.is_cut and not findings.is_verified_at_real_size:
            doubts += doubt_curves(measurements, findings)
        is_run = findings.real is not None or findings.is_verified_at_real_size or findings.adopts_ghost
        if not is_run and all(doubt.weight is Weight.NOTE for doubt in doubts):
            doubts += doubt_remainders(measurements, findings)
        is_small = findings.real is not None and not measurements.line.target
        formulas = None if is_small else measure_formulas(measurements, findings)
        beside = (
            measure_native(measurements, findings) if native else Native(None, "it was not measured (native=False)")
        )
    return _conclude(measurements, findings, doubts, formulas, beside)


def _find_crossings(measurements: Measurements, findings: Findings) -> list[Crossing] | None:
    """Return the numbers in the code beyond the measured sizes; ``None`` if the code cannot be scanned."""
    if findings.real is not None or findings.is_cut or findings.is_verified_at_real_size:
        return []
    try:
        return find_crossings(measurements, findings) + find_flips(measurements, findings)
    except NO_RESULT:
        return None


def _conclude(
    measurements: Measurements, findings: Findings, doubts: list[Doubt], formulas: Formulas | None, native: Native
) -> Forecast:
    """Make the forecast: figure, interval, label and trace."""
    conclusion = draw_conclusion(measurements.line, findings, doubts)
    trace, measured_buffers = _make_trace(measurements, findings)
    is_rough = conclusion.confidence is Confidence.ROUGH
    seconds = None if is_rough else _estimate_seconds(measurements, findings)
    return Forecast(
        nbytes=conclusion.nbytes,
        inputs_nbytes=_find_inputs(measurements, findings),
        confidence=conclusion.confidence,
        low=conclusion.low,
        high=conclusion.high,
        reason="; ".join(doubt.text for doubt in conclusion.doubts),
        seconds=seconds,
        trace=_describe(trace, conclusion.doubts, seconds or 0.0),
        line=measurements.line,
        findings=findings,
        formulas=formulas,
        measured_buffers=measured_buffers,
        native=native,
    )


def _make_trace(measurements: Measurements, findings: Findings) -> tuple[Trace, Int64s | None]:
    if findings.real is not None:
        measured = findings.real.trace
        trace, measured_buffers = build_trace(measured, measured.events, findings.real.call_frame)
        return replace(trace, origin=measured.origin), measured_buffers
    found, line, ghost = findings.estimate, measurements.line, findings.ghost
    if ghost is not None and findings.adopts_ghost:
        return build_trace(ghost.point.trace, ghost.point.events, ghost.point.call_frame)[0], None
    if found.sizes is None:
        return envelope_trace(line, findings.points, found, line.target), None
    return predict_trace(findings.points[-1], found.sizes, reused=found.reused)


def _describe(trace: Trace, doubts: Sequence[Doubt], seconds: float) -> Trace:
    notes = tuple(f"Predicted: {doubt.text}." for doubt in doubts)
    return replace(trace, run=replace(trace.run, duration_s=seconds, notes=(*trace.run.notes, *notes), program=()))


def _find_inputs(measurements: Measurements, findings: Findings) -> int:
    if findings.real is not None and findings.real.inputs_nbytes is not None:
        return findings.real.inputs_nbytes
    return measurements.estimate_inputs(measurements.line.target, findings.points)


def _estimate_seconds(measurements: Measurements, findings: Findings) -> float | None:
    """Return the estimated duration of the real run; ``None`` if no run is near enough to tell."""
    if findings.real is not None:
        return findings.real.seconds
    if findings.ghost is not None:
        return findings.ghost.point.seconds
    line, last = measurements.line, findings.points[-1] if findings.largest is None else findings.largest.point
    far = max((line.at(line.target)[name] / last.lengths[name] for name in line.scaled()), default=1.0)
    if findings.is_cut or far > _FARTHEST or last.seconds < _TELLING_SECONDS:
        return None
    return measurements.estimate_seconds(line.target)
