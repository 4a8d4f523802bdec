"""Measure at increasing sizes until successive extrapolations to the target size agree.

A series is five evenly spaced sizes on the line. Each series has twice the sizes of the one before.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ndmem.errors import PredictionError
from ndmem.phrasing import current_phrasing
from ndmem.planning.extrapolation.estimate import estimate_peak
from ndmem.planning.extrapolation.match import match

from .attempts import NoResult, has_time, try_measure
from .failure import FunctionFailedError
from .findings import AGREE, Findings, compare_calls, relative_difference
from .measurements import Measurements

if TYPE_CHECKING:
    from ndmem.planning.extrapolation.size_line import Line

_FIRST_SERIES = (1, 2, 3, 4, 5)
SERIES = (4, 5, 6, 7, 8)
FARTHEST = 0.8
"""Fraction of the target up to which larger sizes are measured: beyond it the real size costs as much."""

# Work that may be spent, in the units of effort.py: some 10 µs each.
_CHEAP = 40_000
_CONFIRMING = 80_000
_SETTLING = 400_000

_CHEAP_NBYTES = 2**26
_CONFIRMING_NBYTES = 2**23
"""Peak up to which larger sizes are measured though no question is open: block lengths of libraries are below it."""

_LONGEST_STEP = 4
_OPEN_STEP = 2
"""How many times one series doubles the sizes of the one before, if no question is open, and if one is."""

_FEWEST = 3
"""Runs that suffice, if they returned: they tell more than five of which some were stopped."""

_MOST_RUNS = 10
"""Each run may take this part of the timeout, in processor time: two that do not count, five of the first series."""

# Parts of the processor time left; what would take longer is not begun.
_CONFIRMING_SHARE = 0.15
_SETTLING_SHARE = 0.7


def measure_until_settled(measurements: Measurements) -> Findings:
    """Measure until the real size is known, or time or memory do not allow larger sizes.

    Raises
    ------
    PredictionError
        If the function could not be measured at any size.
    """
    target = measurements.line.target
    if not target:
        return _measure_real_size(measurements, measurements.line.at(0))
    best, scale = _measure_first_series(measurements)
    is_next = scale > 1
    growth, is_tried = 8.0, False  # growth of the work for twice the lengths, until two series tell
    while True:
        if not is_tried and _is_cheap(measurements, best):
            is_tried = True
            best = measure_real(measurements, best)
            if best.real is not None:
                return best
        scale, steps = _choose_scale(measurements, best, scale, growth) if is_next else (scale, 1)
        is_next = True
        if not _is_worthwhile(measurements, best, scale, growth**steps):
            break
        if not _has_time(measurements, scale, best):
            best = best.without(name_sizes(measurements, scale * SERIES[0]))
            break
        larger = measure_series(measurements, scale, best)
        if isinstance(larger, NoResult):
            stopped = larger is NoResult.STOPPED
            best = best.without(name_sizes(measurements, scale * SERIES[0])) if stopped else best
            break
        ratio = _total_effort(measurements, larger) / _total_effort(measurements, best)
        growth = min(max(1.3 * ratio ** (1 / steps), 2.0), 16.0)
        best = larger
    return best if best.is_settled else _check_one_larger(measurements, best)


def _choose_scale(measurements: Measurements, best: Findings, scale: int, growth: float) -> tuple[int, int]:
    """Return the scale of the next series, and how many times it doubles the sizes.

    Several times, because each run costs some milliseconds besides its work; more often if no question is open: the
    series only confirm.
    """
    most = _LONGEST_STEP if best.is_settled else _OPEN_STEP
    scales = [_next_scale(measurements.line, scale, best.points[-1].t)]
    while len(scales) < most:
        scales.append(_next_scale(measurements.line, scales[-1], scales[-1] * SERIES[-1]))
    for steps in range(len(scales), 1, -1):
        if _is_worthwhile(measurements, best, scales[steps - 1], growth**steps):
            return scales[steps - 1], steps
    return scales[0], 1


def _next_scale(line: Line, scale: int, last: int) -> int:
    """Return the scale of a series with lengths half as long again, if there is one: a line may start far from 0."""
    here = line.at(last)
    while True:
        scale *= 2
        there = line.at(scale * SERIES[-1])
        grown = any(there[name] >= 1.5 * length for name, length in here.items())
        if grown or 2 * scale * SERIES[-1] > FARTHEST * line.target:
            return scale


def _measure_real_size(measurements: Measurements, lengths: Mapping[str, int]) -> Findings:
    """Run the real size, of which no dimension is long enough to be reduced."""
    first = measurements.measure_at(lengths)  # imports modules, fills caches
    real = measurements.measure(0, with_rss=True)
    return Findings.of_real_size(first, real)


def _measure_first_series(measurements: Measurements) -> tuple[Findings, int]:
    """Measure at the smallest sizes at which the function works; return also their scale."""
    failure: PredictionError | None = None
    scale = 1
    while True:
        ts = _FIRST_SERIES if scale == 1 else tuple(scale * t for t in SERIES)
        if ts[-1] >= measurements.line.target:
            break
        try:
            return _measure_from_first_call(measurements, ts), scale
        except FunctionFailedError as error:
            failure = failure or error
            scale *= 4
            # A new child: else the next first call would find what the failed one has imported.
            measurements.child.end()
        if (
            measurements.estimate_memory(scale * SERIES[-1]) > measurements.memory_for_growth
            or measurements.time_limit.left() < 0.1
        ):
            break
    words = current_phrasing()
    raise failure or PredictionError(
        f"no size is small enough to be measured; {words.more_memory}, and {words.more_time}"
    )


def _measure_from_first_call(measurements: Measurements, ts: Sequence[int]) -> Findings:
    """Measure a series after the very first call, which imports modules, fills caches and allocates BLAS buffers."""
    first = measurements.measure_at(measurements.line.at(ts[0]))  # never stopped: it has to return once
    limit = measurements.time_limit.seconds / _MOST_RUNS
    for t in (ts[0], ts[-1]):  # before the runs, whose operators it finds; two sizes tell how the number of lines grows
        measurements.scan(t, processor_limit=limit)
    points = tuple(measurements.measure(t, processor_limit=limit) for t in ts)
    whole = tuple(itertools.takewhile(lambda point: not point.is_cut, points))
    chosen = whole if len(whole) >= _FEWEST else points
    estimate = estimate_peak(measurements.line, chosen, measurements.line.target)
    return Findings(
        points=chosen,
        estimate=estimate,
        last_matched=estimate,
        first_extra=compare_calls(first, points[0]),
        processor_limit=math.inf if len(whole) == len(points) else limit,
    )


def _is_worthwhile(measurements: Measurements, best: Findings, scale: int, growth: float) -> bool:
    """Tell by sizes and counts whether to measure a larger series."""
    t = scale * SERIES[-1]
    if t > FARTHEST * measurements.line.target or best.is_cut:
        return False
    if measurements.estimate_memory(t, best.points) > measurements.memory_for_growth:
        return False
    effort = _total_effort(measurements, best) * growth
    if not best.is_settled:
        return effort < _SETTLING
    if best.points[-1].peak >= _CONFIRMING_NBYTES:
        return False
    # Two series that agree only nearly may agree exactly at larger sizes.
    most = _CONFIRMING if best.estimate.is_exact and best.agreement == 0 else 2 * _CONFIRMING
    return effort < most - measurements.total_effort()


def _has_time(measurements: Measurements, scale: int, best: Findings) -> bool:
    share = _CONFIRMING_SHARE if best.is_settled else _SETTLING_SHARE
    return has_time(measurements, scale * SERIES[-1], runs=len(SERIES), share=share)


def name_sizes(measurements: Measurements, t: int) -> str:
    """Name the sizes that the time limit left unmeasured, from a position of the line on."""
    at = measurements.line.at(t)
    return "sizes from " + ", ".join(f"{name}={at[name]:,}" for name in measurements.line.scaled()) + " on"


def _total_effort(measurements: Measurements, findings: Findings) -> float:
    return sum(map(measurements.count_effort, findings.points))


def measure_series(measurements: Measurements, scale: int, before: Findings) -> Findings | NoResult:
    """Measure a series, and compare its estimate with that of the series before."""
    known = {point.t: point for point in before.points}  # the smallest sizes may be the largest of the series before
    points = []
    for t in (scale * step for step in SERIES):
        point = known.get(t) or try_measure(measurements, t)
        if isinstance(point, NoResult):
            return point
        points.append(point)
    estimate = estimate_peak(measurements.line, points, measurements.line.target)
    # Runs that do not match may be on both sides of a threshold: then compare the series below and beyond it.
    other = before.last_matched if estimate.is_matched else before.estimate
    agreement = min(relative_difference(estimate.nbytes, other), relative_difference(estimate.low, other))
    if before.estimate.is_matched and not estimate.is_matched:
        agreement = max(agreement, 2 * AGREE)
    return replace(
        before,
        points=tuple(points),
        estimate=estimate,
        last_matched=estimate if estimate.is_matched else before.last_matched,
        agreement=agreement,
        scales=(*before.scales, before.points[-1]),
    )


def _check_one_larger(measurements: Measurements, best: Findings) -> Findings:
    """Compare an exact estimate with one larger run, if a whole larger series is not possible."""
    last = best.points[-1]
    if best.is_cut or not best.estimate.is_proven:
        return best
    for t in (last.t * 2, last.t * 3 // 2, last.t * 5 // 4, last.t * 9 // 8):
        if (
            t > FARTHEST * measurements.line.target
            or measurements.estimate_memory(t, best.points) > measurements.memory_for_growth
            or measurements.count_effort(last) * (t / last.t) ** 3 > _SETTLING
        ):
            continue
        if not has_time(measurements, t, runs=1, share=_SETTLING_SHARE):
            best = best.without(name_sizes(measurements, t))
            continue
        point = try_measure(measurements, t)
        if point is NoResult.STOPPED:
            return best.without(name_sizes(measurements, t))
        if isinstance(point, NoResult) or not match((last, point)):
            return best
        expected = estimate_peak(measurements.line, best.points, t)
        return replace(best, agreement=relative_difference(point.peak, expected))
    return best


def measure_real(measurements: Measurements, best: Findings) -> Findings:
    """Run the real size, unless the time limit does not allow it; return the findings with what came out."""
    target = measurements.line.target
    if not has_time(measurements, target, runs=1):
        return best.without("the real size")
    real = try_measure(measurements, target, with_rss=True)
    if isinstance(real, NoResult):
        return best.without("the real size") if real is NoResult.STOPPED else best
    return replace(best, real=real)


def _is_cheap(measurements: Measurements, best: Findings) -> bool:
    """Tell by memory and counts whether to run the real size."""
    last, target = best.points[-1], measurements.line.target
    if best.is_cut or measurements.count_effort(last) * (target / last.t) ** 3 > _CHEAP:
        return False
    return measurements.estimate_memory(target, best.points) <= min(_CHEAP_NBYTES, measurements.memory_for_growth)
