"""Divisions in the user's code: what depends on a remainder is measured where it is that of the real size.

A length of 200,000,000 is divided by 1000 without a remainder, and 262,144 is not: what all sizes but the real one have
in common is no rule.
"""

from __future__ import annotations

import math

from .child import ChildDiedError, ChildTimeoutError
from .climb import AGREE, Climbed
from .doubts import Doubt
from .estimate import estimate
from .further import is_affordable
from .ladder import FunctionFailedError, Ladder


def doubt_remainders(ladder: Ladder, climbed: Climbed) -> list[Doubt]:
    """Measure where lengths leave the remainders of the real ones; return what speaks against the estimate then."""
    line = ladder.line
    # What is there at both sizes does not come from the size.
    divisors = frozenset.intersection(*(ladder.examine(point.t).divisors for point in climbed.points[:2]))
    strides = {divisor: _find_stride(ladder, divisor) for divisor in divisors}
    missing = {
        divisor: stride
        for divisor, stride in strides.items()
        if all((line.target - point.t) % stride for point in climbed.points)
    }
    if not missing:
        return []
    listed = ", ".join(f"{divisor:,}" for divisor in sorted(missing))
    stride, last = math.lcm(*missing.values()), climbed.points[-1].t
    t = last + (line.target - last) % stride
    if t >= line.target or not is_affordable(ladder, climbed, t, runs=1):
        return [Doubt(f"lengths that leave the same remainder by {listed} were not measured")]
    try:
        measured = ladder.measure(t)
    except (FunctionFailedError, ChildDiedError, ChildTimeoutError):
        return [Doubt(f"it fails at lengths that leave the same remainder by {listed}")]
    expected = estimate(line, climbed.points, t).nbytes
    if measured.peak == expected and not measured.is_cut:
        return []
    off = abs(measured.peak - expected) / max(measured.peak, expected, 1)
    return [Doubt(f"it depends on the remainder by {listed}: there it differs by {off:.1%}", is_grave=off > AGREE)]


def _find_stride(ladder: Ladder, divisor: int) -> int:
    """Return after how many steps of the line all lengths leave the same remainders again."""
    steps = (ladder.line.step[name] for name in ladder.line.scaled())
    return math.lcm(*(divisor // math.gcd(divisor, step) for step in steps))
