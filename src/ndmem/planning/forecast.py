"""A function and its arguments in, its memory at the real size out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .child import Child, ChildDiedError, ChildTimeoutError
from .climb import Budget, Climbed, FunctionFailedError, Ladder, climb
from .constants import INDEX_LIMIT
from .envelope_trace import envelope_trace
from .fit import grow
from .formula import Formulas, find_formulas
from .label import Confidence
from .line import Line, choose_line
from .match import match
from .native import Native, measure_native, open_fresh
from .pace import carry_seconds
from .predicted_trace import build_trace, predict_trace
from .samples import Sample
from .work import Ask, Meter, Request, Worker

if TYPE_CHECKING:
    from ndmem.model.columns import Int64s
    from ndmem.model.trace import Trace

    from .arguments import Arguments

_AGREE = 0.002
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
    seconds : float
        What a run takes, about.
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
    seconds: float
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
    progress: Callable[[str], None],
    environment: Mapping[str, str] | str,
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
    progress : callable
        Told what is measured.
    environment : mapping of str to str, or str
        Variables with which an interpreter sees native memory, or why there are none.

    Raises
    ------
    PredictionError
        With the reason, if nothing can be said.
    """
    line = choose_line(arguments.lengths, arguments.cost)

    def make_worker(refused: list[str]) -> Worker:
        return Worker(function, arguments, meter, refused)

    fresh = open_fresh(function, arguments, meter, environment, budget=budget, sandbox=sandbox)
    with Child(make_worker, memory=budget.memory, sandbox=sandbox) as child, fresh as watched:
        ladder = Ladder(line, arguments, meter, child, budget, progress)
        climbed = climb(ladder)
        doubts = _find_doubts(ladder, climbed)
        formulas = None if climbed.real is not None and not line.target else find_formulas(ladder, climbed)
        native = measure_native(ladder, climbed, watched)
    return _conclude(ladder, climbed, doubts, formulas, native)


def _find_doubts(ladder: Ladder, climbed: Climbed) -> list[tuple[bool, str]]:
    """Return what speaks against calling the estimate exact, gravest first; true if it may be far off."""
    found = climbed.found
    # What was run at the real size with the real data is what it is.
    is_known = climbed.real is not None and ladder.arguments.are_real()
    doubts = [] if is_known else _compare_samples(ladder, climbed)
    if ladder.refused:
        doubts.append((True, f"the function {min(ladder.refused)}, which the dry run refused"))
    if climbed.real is not None:
        return doubts
    if not found.is_matched:
        doubts.append(
            (False, "what runs at small sizes is not what runs at the real one: each line was carried on by itself")
        )
    elif not found.is_exact:
        doubts.append((False, "some sizes follow no polynomial of the dimensions"))
    if found.low < found.high:
        doubts.append((False, "temporaries that NumPy reuses from 256 KiB on were only seen smaller"))
    if climbed.agreement is None:
        doubts.append((True, "only one set of sizes could be measured"))
    elif climbed.agreement > 0:
        doubts.append((False, f"two sets of sizes differ by {climbed.agreement:.1%}"))
    if any(point.run.thread.any() for point in climbed.points):
        doubts.append((False, "several threads make arrays, in an order that may differ"))
    if any(point.run.lost for point in climbed.points):
        doubts.append((True, "some events were lost"))
    return doubts + _find_crossings(ladder, climbed)


def _compare_samples(ladder: Ladder, climbed: Climbed) -> list[tuple[bool, str]]:
    """Measure other data of the same size: what differs depends on the data."""
    if ladder.arguments.maker is not None or not any(ladder.arguments.nbytes(ladder.line.at(1)) or 0 for _ in (0,)):
        return []
    lengths = dict(climbed.points[0].lengths)
    if climbed.points[0].seconds * 3 > ladder.left():
        return [(False, "there was no time to see whether it depends on the data")]
    seen = 0
    for sample in (Sample.UNEVEN, Sample.SIGNED):
        try:
            other = ladder.measure_at(lengths, sample=sample)
        except (FunctionFailedError, ChildDiedError, ChildTimeoutError):
            continue
        seen += 1
        first = climbed.points[0]
        if not match((first, other)) or not np.array_equal(first.run.nbytes, other.run.nbytes):
            off = abs(other.peak - first.peak) / max(first.peak, other.peak, 1)
            return [(off > _AGREE, f"it depends on the data: other data of the same size differ by {off:.1%}")]
    return (
        [] if seen else [(False, "it fails on other data of the same size, so what depends on the data is not known")]
    )


def _find_crossings(ladder: Ladder, climbed: Climbed) -> list[tuple[bool, str]]:
    """Look for numbers in the code that lie between what was measured and what is predicted."""
    try:
        answers = [ladder.ask(Request(dict(point.lengths), ask=Ask.EXAMINE)) for point in climbed.points[:2]]
    except (FunctionFailedError, ChildDiedError, ChildTimeoutError):
        return [(False, "its code could not be examined")]
    crossed = _crossed(ladder.line, climbed)
    # What is there at both sizes does not come from the size.
    numbers = set.intersection(*(set(answer.constants) for answer in answers))
    kept = {length for name, length in ladder.arguments.lengths.items() if not ladder.line.step[name]}
    for number, place in sorted(numbers):
        if number not in kept and any(low < number <= high for low, high in crossed):
            return [(False, f"sizes on both sides of the {number:,} of {place} were not measured")]
    libraries = {place.filename.split("/site-packages/")[-1].split("/")[0] for place in climbed.points[-1].run.places}
    if any(low < INDEX_LIMIT <= high for low, high in crossed) and libraries & {"scipy", "pandas", "sklearn"}:
        return [(False, "a library chooses longer indices beyond 2**31")]
    return []


def _crossed(line: Line, climbed: Climbed) -> list[tuple[float, float]]:
    """Return the ranges of lengths, elements and bytes between the largest that was measured and the real one."""
    last, target = climbed.points[-1], line.at(line.target)
    ranges = {(float(last.lengths[name]), float(length)) for name, length in target.items()}
    if climbed.found.sizes is not None:
        pairs = np.unique(np.stack([last.run.nbytes, climbed.found.sizes]), axis=1)
    else:
        pairs = np.array([[last.peak], [climbed.found.nbytes]])
    for measured, predicted in pairs.T.tolist():
        ranges.update(
            (measured / itemsize, predicted / itemsize) for itemsize in (1, 2, 4, 8, 16) if predicted > measured
        )
    return [(low, high) for low, high in ranges if low < high]


def _conclude(
    ladder: Ladder, climbed: Climbed, doubts: list[tuple[bool, str]], formulas: Formulas | None, native: Native
) -> Forecast:
    """Say how much, and how sure that is."""
    found, line = climbed.found, ladder.line
    nbytes = found.nbytes
    if climbed.real is not None:
        nbytes = climbed.real.peak
        confidence = Confidence.LOW if any(grave for grave, _ in doubts) else Confidence.MEASURED
        error = 0.0
        low = high = nbytes
    else:
        error = found.error + (climbed.agreement or 0.0) * (2 if found.is_matched else 4)
        if any(grave for grave, _ in doubts):
            error = max(error, 0.05)
        low, high = int(min(found.low, nbytes) * (1 - error)), int(max(found.high, nbytes) * (1 + error))
        confidence = _label(doubts, low, high, nbytes)
    trace, were = _make_trace(ladder, climbed)
    seconds = _estimate_seconds(ladder, climbed)
    return Forecast(
        nbytes=nbytes,
        inputs_nbytes=_inputs(ladder, climbed),
        confidence=confidence,
        low=low,
        high=high,
        reason="; ".join(text for _, text in doubts),
        seconds=seconds,
        trace=_describe(trace, doubts, seconds),
        line=line,
        climbed=climbed,
        formulas=formulas,
        were=were,
        native=native,
    )


def _label(doubts: list[tuple[bool, str]], low: int, high: int, nbytes: int) -> Confidence:
    if not doubts:
        return Confidence.EXACT
    far = max(high - nbytes, nbytes - low) > _LOW * max(nbytes, 1)
    return Confidence.LOW if far or any(grave for grave, _ in doubts) else Confidence.STABLE


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


def _describe(trace: Trace, doubts: list[tuple[bool, str]], seconds: float) -> Trace:
    notes = tuple(f"Predicted: {text}." for _, text in doubts)
    return replace(trace, run=replace(trace.run, duration_s=seconds, notes=(*trace.run.notes, *notes), program=()))


def _inputs(ladder: Ladder, climbed: Climbed) -> int:
    known = ladder.arguments.nbytes(ladder.arguments.lengths)
    if known is not None:
        return known
    if climbed.real is not None:
        return climbed.real.inputs_nbytes or 0
    sizes = np.array([[point.inputs_nbytes or 0] for point in climbed.points], np.int64)
    return int(grow(ladder.line, [point.t for point in climbed.points], sizes, ladder.line.target).nbytes[0])


def _estimate_seconds(ladder: Ladder, climbed: Climbed) -> float:
    """Return about what the real run takes: the product of dimensions that the times grew with goes on."""
    if climbed.real is not None:
        return climbed.real.seconds
    scaled = [name for name, step in ladder.line.step.items() if step][:3]
    return carry_seconds(ladder.times, scaled, ladder.arguments.lengths)
