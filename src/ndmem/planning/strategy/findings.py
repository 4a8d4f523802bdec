"""Result of the measurements: the runs, and the estimate for the real size that they give."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ndmem.planning.extrapolation.estimate import Estimate

if TYPE_CHECKING:
    from ndmem.planning.extrapolation.match import Point

AGREE = 0.002
"""Relative difference up to which two estimates agree."""


VERIFYING_SHARE = 0.25
"""Part of the memory of the real size that a run has to need to verify a prediction."""


@dataclass(frozen=True, slots=True, eq=False)
class LargestRun:
    """One more run, at the largest size that memory and time allowed.

    Attributes
    ----------
    point : Point
        The run.
    expected : int
        Bytes of the peak that smaller sizes predicted for it.
    share : float
        Its memory, arguments included, as a part of that of the real size.
    """

    point: Point
    expected: int
    share: float = 0.0

    @property
    def agrees(self) -> bool:
        """Whether the predicted peak is right to the byte."""
        return self.point.peak == self.expected

    @property
    def off(self) -> float:
        """Relative difference between the predicted and the measured peak."""
        return abs(self.point.peak - self.expected) / max(self.point.peak, self.expected, 1)


@dataclass(frozen=True, slots=True, eq=False)
class GhostRun:
    """A run at the real size with large arrays backed by a small shared window, whose values are arbitrary.

    Attributes
    ----------
    point : Point
        The run.
    threshold : int
        Smaller buffers were not recorded, bytes.
    is_trusted : bool
        Whether a ghost run of a size that was measured, too, had the measured peak: then sizes do not depend on values.
    """

    point: Point
    threshold: int
    is_trusted: bool


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
    scales : tuple of Point
        The largest run of each series before the last one, which show how the peak grows.
    largest : LargestRun or None
        One more run at the largest affordable size; ``None`` if those of the estimate are the largest.
    ghost : GhostRun or None
        The ghost run at the real size.
    no_ghost : str
        Why there is none; empty if the real size was measured.
    processor_limit : float
        Seconds of processor time after which runs were stopped.
    unmeasured : tuple of str
        Sizes that the time limit left unmeasured, in words.
    """

    points: tuple[Point, ...]
    estimate: Estimate
    last_matched: Estimate
    agreement: float | None = None
    real: Point | None = None
    first_extra: int = 0
    scales: tuple[Point, ...] = ()
    largest: LargestRun | None = None
    ghost: GhostRun | None = None
    no_ghost: str = ""
    processor_limit: float = math.inf
    unmeasured: tuple[str, ...] = ()

    @classmethod
    def of_real_size(cls, first: Point, real: Point) -> Findings:
        """Return what two runs of the real size tell, of which the first imports modules and fills caches."""
        estimate = Estimate(real.peak, real.peak, real.peak, 0.0, True, True, real.nbytes, None, {})
        return cls(
            points=(real,),
            estimate=estimate,
            last_matched=estimate,
            agreement=0.0,
            real=real,
            first_extra=compare_calls(first, real),
        )

    @property
    def is_open(self) -> bool:
        """Whether estimates differ, or sizes follow no known rule."""
        return not self.is_verified and not (self.estimate.is_proven and self.agreement == 0)

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

    @property
    def is_verified(self) -> bool:
        """Whether a ghost run of the real size, or a run of at least a quarter of it, had the predicted peak."""
        largest = self.largest
        if self.ghost is not None and self.ghost.is_trusted:
            return self.is_verified_at_real_size
        is_near = largest is not None and largest.agrees and largest.share >= VERIFYING_SHARE
        return is_near and self.estimate.is_proven

    @property
    def is_verified_at_real_size(self) -> bool:
        """Whether the ghost run had the predicted peak: no threshold lies beyond it, unlike beyond a smaller run."""
        ghost = self.ghost
        return ghost is not None and ghost.threshold == 1 and ghost.point.peak == self.estimate.nbytes

    @property
    def adopts_ghost(self) -> bool:
        """Whether the peak of the ghost run is taken for that of the real size, in place of the estimate."""
        ghost, predicted = self.ghost, self.estimate.nbytes
        if ghost is None or not ghost.is_trusted or ghost.point.peak == predicted:
            return False
        # Buffers that it left out may be all of a small difference.
        return ghost.threshold == 1 or abs(ghost.point.peak - predicted) > AGREE * predicted

    @property
    def last(self) -> Point:
        """The largest run that the estimate holds for."""
        return self.largest.point if self.largest is not None and self.largest.agrees else self.points[-1]

    def without(self, sizes: str) -> Findings:
        """Return the same findings, with a note that the time limit left some sizes unmeasured."""
        return self if sizes in self.unmeasured else replace(self, unmeasured=(*self.unmeasured, sizes))


def compare_calls(first: Point, second: Point) -> int:
    """Return the bytes that a first call needed or kept beyond a second one of the same size."""
    if second.is_cut:
        return 0
    return max(first.peak - second.peak, first.kept - second.kept, 0)


def relative_difference(nbytes: int, estimate: Estimate) -> float:
    """Return the relative difference between a peak and the nearer end of an estimate."""
    return min(abs(nbytes - each) / max(nbytes, each, 1) for each in (estimate.low, estimate.high))
