"""Result of the measurements: the runs, and the estimate for the real size that they give."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ndmem.planning.extrapolation.estimate import Estimate
    from ndmem.planning.extrapolation.match import Point

AGREE = 0.002
"""Relative difference up to which two estimates agree."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Findings:
    """The runs, and the estimate that they give.

    Attributes
    ----------
    points : tuple of Point
        The runs that the estimate is made from.
    estimate : Estimate
        The peak at the real size.
    last_matched : Estimate
        The estimate of the last runs that matched; of the first runs if none matched.
    agreement : float or None
        Relative difference to the estimate of other sizes; ``None`` if there is no other estimate.
    real : Point or None
        The run at the real size, if it was made.
    first_extra : int
        Bytes that the very first call needed or kept beyond those of the second.
    stop_after : float
        Seconds after which runs were stopped.
    unmeasured : tuple of str
        Sizes that the time limit left unmeasured, in words.
    """

    points: tuple[Point, ...]
    estimate: Estimate
    last_matched: Estimate
    agreement: float | None = None
    real: Point | None = None
    first_extra: int = 0
    stop_after: float = math.inf
    unmeasured: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether estimates differ, or sizes follow no known rule."""
        found = self.estimate
        return not (found.is_exact and found.is_matched and found.low == found.high and self.agreement == 0)

    @property
    def is_cut(self) -> bool:
        """Whether runs were stopped before they returned."""
        return any(point.is_cut for point in self.points)

    @property
    def is_settled(self) -> bool:
        """Whether no question is open: the estimate is exact, or two estimates agree."""
        found = self.estimate
        if found.low < found.high or self.agreement is None:
            return False
        if found.is_exact and found.is_matched:
            return self.agreement == 0
        return self.agreement <= AGREE and found.error <= AGREE

    def without(self, sizes: str) -> Findings:
        """Return the same findings, with a note that the time limit left some sizes unmeasured."""
        return self if sizes in self.unmeasured else replace(self, unmeasured=(*self.unmeasured, sizes))


def relative_difference(nbytes: int, estimate: Estimate) -> float:
    """Return the relative difference between a peak and the nearer end of an estimate."""
    return min(abs(nbytes - each) / max(nbytes, each, 1) for each in (estimate.low, estimate.high))
