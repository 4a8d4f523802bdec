"""Make one more run, at the largest size that memory and time allow, and compare it with what smaller sizes predict.

The program may take another path beyond some size for a reason that no scan of its code finds.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ndmem.planning.extrapolation.estimate import estimate_peak
from ndmem.planning.strategy.attempts import NoResult, try_measure
from ndmem.planning.strategy.findings import AGREE, Findings, LargestRun, relative_difference
from ndmem.planning.strategy.schedule import SERIES, measure_real, measure_series, name_sizes

if TYPE_CHECKING:
    from ndmem.planning.strategy.measurements import Measurements

_MOST_EFFORT = 150_000
"""Work of the run in the units of effort.py: some 1.5 s, if it mostly writes memory. The same on every machine."""

_PROCESSOR_SHARE = 0.2
"""Part of the timeout that it may take, in processor time: for what computes, which shows in no count."""

_MEMORY_SHARE = 0.75
"""Part of the memory for one run that the estimate may fill; it may be wrong."""

_LEAST_GROWTH = 1.5
"""A run that is hardly larger than those before tells nothing new."""

_SLACK = 1.5
"""How much longer than estimated it may take before it is stopped."""

_ATTEMPTS = 3
_SERIES_COST = sum(SERIES) / SERIES[-1]
"""Cost of a series in units of its largest run, at least."""


def measure_largest(measurements: Measurements, findings: Findings) -> Findings:
    """Run the largest affordable size; a series up to it, if its peak is not the predicted one.

    Returns
    -------
    Findings
        With the run in `Findings.largest`; those passed, if no larger run is possible. What time stopped is noted.
    """
    if findings.real is not None or findings.is_cut:
        return findings
    last, target = findings.points[-1].t, measurements.line.target
    most_seconds = _PROCESSOR_SHARE * measurements.time_limit.seconds
    highest = target
    stopped: int | None = None
    for _ in range(_ATTEMPTS):
        t = min(_find_largest(measurements, findings), highest)
        if t < _LEAST_GROWTH * last:
            break
        if t >= target:
            found = measure_real(measurements, findings)
            if found.real is not None:
                return found
        else:
            point = try_measure(measurements, t, processor_limit=_SLACK * most_seconds, with_rss=True)
            if not isinstance(point, NoResult):
                # Its time tells more than those of the small runs: perhaps an even larger one is affordable.
                findings = _compare(measurements, findings, LargestRun(point, _expect(measurements, findings, t)))
                last = max(t, findings.points[-1].t)
                continue
            if point is NoResult.STOPPED:
                stopped = t
        highest = t // 2
    if findings.largest is None and stopped is not None:
        return findings.without(name_sizes(measurements, stopped))
    return findings


def _find_largest(measurements: Measurements, findings: Findings) -> int:
    """Return the largest position on the line that memory and time allow, by bisection."""
    low, high = 0, measurements.line.target
    if _is_affordable(measurements, findings, high, runs=1.0):
        return high
    while high - low > max(low // 16, 1):
        middle = (low + high) // 2
        if _is_affordable(measurements, findings, middle, runs=1.0):
            low = middle
        else:
            high = middle
    return low


def _is_affordable(measurements: Measurements, findings: Findings, t: int, *, runs: float) -> bool:
    most_seconds = _PROCESSOR_SHARE * measurements.time_limit.seconds
    return (
        measurements.estimate_memory(t, findings.points) <= _MEMORY_SHARE * measurements.memory
        and measurements.estimate_effort(t) <= _MOST_EFFORT * runs
        and measurements.estimate_processor_seconds(t) <= most_seconds * runs
    )


def _expect(measurements: Measurements, findings: Findings, t: int) -> int:
    """Return the peak that smaller sizes predict; of two that differ by temporaries, the likely one."""
    return estimate_peak(measurements.line, findings.points, t).nbytes


def _compare(measurements: Measurements, findings: Findings, largest: LargestRun) -> Findings:
    """Note the run; if it disagrees, estimate from sizes around it, which are nearer to the real one."""
    point = largest.point
    whole = findings.estimate.nbytes + measurements.estimate_inputs(measurements.line.target, findings.points)
    part = point.peak + measurements.estimate_inputs(point.t, findings.points)
    findings = replace(findings, largest=replace(largest, share=part / max(whole, 1)))
    if findings.agreement is None and not findings.is_cut:
        estimate = estimate_peak(measurements.line, findings.points, point.t)
        findings = replace(findings, agreement=relative_difference(point.peak, estimate))
    if largest.agrees or (not findings.estimate.is_proven and largest.off <= AGREE):
        return findings
    scale = point.t // SERIES[-1]
    is_larger = scale * SERIES[0] >= findings.points[-1].t // 2 and scale > 0
    if not is_larger or not _is_affordable(measurements, findings, scale * SERIES[-1], runs=2 / _SERIES_COST):
        return findings
    series = measure_series(measurements, scale, findings)
    return findings if isinstance(series, NoResult) else series
