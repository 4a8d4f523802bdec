"""Measure at a size whose remainders are those of the real size, if the user's code divides lengths.

A length of 200,000,000 is divisible by 1000, and 262,144 is not: a property that all measured sizes share, and the real
size does not, proves nothing.
"""

import math

from ndmem.planning.extrapolation.estimate import estimate_peak
from ndmem.planning.strategy.attempts import NoResult, has_time, try_measure
from ndmem.planning.strategy.doubt import Doubt, Weight
from ndmem.planning.strategy.findings import AGREE, Findings
from ndmem.planning.strategy.measurements import Measurements

from .extra_runs import is_affordable
from .thresholds import scan_two_sizes


def doubt_remainders(measurements: Measurements, findings: Findings) -> list[Doubt]:
    """Return the reasons to doubt the estimate that a run with the remainders of the real size gives."""
    line = measurements.line
    # A divisor that is not the same at two sizes is computed from the size.
    divisors = frozenset.intersection(*(code.divisors for code in scan_two_sizes(measurements, findings)))
    strides = {divisor: _find_stride(measurements, divisor) for divisor in divisors}
    missing = {
        divisor: stride
        for divisor, stride in strides.items()
        if all((line.target - point.t) % stride for point in (*findings.points, findings.last))
    }
    if not missing:
        return []
    listed = ", ".join(f"{divisor:,}" for divisor in sorted(missing))
    stride, last = math.lcm(*missing.values()), findings.points[-1].t
    t = last + (line.target - last) % stride
    unmeasured = f"lengths with the same remainder by {listed} were not measured"
    if t >= line.target or not is_affordable(measurements, findings, t, runs=1):
        return [Doubt(unmeasured)]
    measured = try_measure(measurements, t) if has_time(measurements, t, runs=1) else NoResult.STOPPED
    if measured is NoResult.STOPPED:
        return [Doubt(f"{unmeasured} within the time limit")]
    if isinstance(measured, NoResult):
        return [Doubt(f"it fails at lengths with the same remainder by {listed}")]
    expected = estimate_peak(line, findings.points, t).nbytes
    if measured.peak == expected:
        return []
    off = abs(measured.peak - expected) / max(measured.peak, expected, 1)
    weight = Weight.GRAVE if off > AGREE else Weight.SLIGHT
    return [Doubt(f"it depends on the remainder by {listed}, which changes the peak by {off:.1%}", weight)]


def _find_stride(measurements: Measurements, divisor: int) -> int:
    """Return after how many steps of the line the remainders of all lengths repeat."""
    steps = (measurements.line.step[name] for name in measurements.line.scaled())
    return math.lcm(*(divisor // math.gcd(divisor, step) for step in steps))
