"""Take extra measurements when small sizes are inconclusive: the real size, or sizes beyond a threshold in the code."""

import math
from collections.abc import Sequence

from ndmem.planning.strategy.attempts import NoResult, has_time
from ndmem.planning.strategy.findings import Findings
from ndmem.planning.strategy.measurements import Measurements
from ndmem.planning.strategy.schedule import FARTHEST, SERIES, measure_real, measure_series

from .thresholds import Crossing

_MOST_EFFORT = 100_000
"""Work of one extra run, in the units of effort.py: about a second."""


def measure_extra(measurements: Measurements, findings: Findings, crossings: Sequence[Crossing]) -> Findings:
    """Run the real size if that is affordable, else a series beyond as many thresholds as possible.

    Returns
    -------
    Findings
        Those passed, if no extra run was possible.
    """
    if is_affordable(measurements, findings, measurements.line.target, runs=1):
        findings = measure_real(measurements, findings)
        if findings.real is not None:
            return findings
    return _measure_beyond(measurements, findings, crossings)


def _measure_beyond(measurements: Measurements, findings: Findings, crossings: Sequence[Crossing]) -> Findings:
    """Measure a series beyond as many thresholds as possible, and another one if its estimate differs."""
    most = FARTHEST * measurements.line.target
    for crossing in sorted(crossings, key=lambda crossing: -crossing.factor):
        scale = math.ceil(findings.points[-1].t * crossing.factor / SERIES[0])
        t = scale * SERIES[-1]
        if t > most or not is_affordable(measurements, findings, t, runs=len(SERIES)):
            continue
        if not has_time(measurements, t, runs=len(SERIES)):
            findings = findings.without(f"sizes beyond {crossing.number.value:,}")
            continue
        beyond = measure_series(measurements, scale, findings)
        if isinstance(beyond, NoResult):
            stopped = beyond is NoResult.STOPPED
            return findings.without(f"sizes beyond {crossing.number.value:,}") if stopped else findings
        if beyond.agreement and 2 * t <= most:
            # The estimate from below the threshold cannot confirm this one: measure once more on this side.
            second = measure_series(measurements, 2 * scale, beyond)
            return beyond if isinstance(second, NoResult) else second
        return beyond
    return findings


def is_affordable(measurements: Measurements, findings: Findings, t: int, *, runs: int) -> bool:
    """Tell by memory and counts whether to make extra runs at a position of the line."""
    if measurements.estimate_memory(t, findings.points) > measurements.memory_for_growth:
        return False
    return runs * measurements.estimate_effort(t) <= _MOST_EFFORT * math.sqrt(runs)
