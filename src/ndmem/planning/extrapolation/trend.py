"""The trend of measured peaks: the bounds that a curve fitted to small sizes has to keep at the real one."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

_SCALES = 2
"""Number of the last growths that set the trend: smaller sizes are dominated by what does not grow."""

_TOLERANCE = 0.1
"""Change of the exponent that two neighbouring scales show without another path: a constant that fades, a logarithm."""

_FASTEST = 4.0
"""Greatest exponent; the measured growth of a jump would reach beyond any memory."""


def find_trend(sizes: Sequence[float], peaks: Sequence[int], target: float) -> tuple[int, int] | None:
    """Bound the peak at a size by the power laws that the last measured scales follow.

    Parameters
    ----------
    sizes : sequence of float
        A measure of the size of each run, such as its longest dimension; increasing.
    peaks : sequence of int
        Bytes of each run's peak.
    target : float
        The size to extrapolate to, not below the last one.

    Returns
    -------
    (int, int) or None
        Lowest and highest bytes; ``None`` from fewer than two sizes with a peak.
    """
    known = [(size, peak) for size, peak in zip(sizes, peaks, strict=True) if size > 0 and peak > 0]
    slopes = [
        math.log(after[1] / before[1]) / math.log(after[0] / before[0])
        for before, after in itertools.pairwise(known)
        if after[0] > before[0]
    ][-_SCALES:]
    if not slopes:
        return None
    size, peak = known[-1]
    growth = math.log(max(target / size, 1.0))
    high = min(max(slopes) + _TOLERANCE, _FASTEST)
    low = min(min(slopes) - _TOLERANCE, high)
    return int(peak * math.exp(growth * max(low, 0.0))), int(peak * math.exp(growth * max(high, 0.0)))
