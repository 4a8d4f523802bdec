"""Climb the ladder: measure at small sizes, and at larger ones until they say the same of the real size."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ndmem.errors import PredictionError

from .child import ChildDiedError, ChildTimeoutError
from .estimate import Estimate, estimate
from .ladder import FunctionFailedError, Ladder
from .line import Line
from .match import Point, match

_FIRST = (1, 2, 3, 4, 5)
RUNG = (4, 5, 6, 7, 8)
FARTHEST = 0.8
"""Of the way to the real size: beyond that, it may as well be run."""

AGREE = 0.002
"""Relative difference up to which two answers are the same."""

# What is spent on larger sizes where the smaller ones leave nothing open.
_SHORT_S = 0.8
_CHEAP_S = 0.4
_CHEAP_NBYTES = 2**26
_TELLING_NBYTES = 2**23

_FEWEST = 3
"""Sizes that say more, if their runs came to an end, than five of which some were ended."""

_MOST_RUNS = 10
"""Runs of which each may take its share of the time: two that do not count, five sizes, and some after them."""


@dataclass(frozen=True, slots=True, eq=False)
class Climbed:
    """What the ladder found.

    Attributes
    ----------
    points : tuple of Point
        The runs that the estimate is made of.
    found : Estimate
        For the real size.
    agreement : float or None
        Relative difference to what other sizes said; ``None`` if there was no second opinion.
    real : Point or None
        The run at the real size, where it was cheap.
    opinion : Estimate
        What the last runs that matched said; what the first ones said if none did.
    """

    points: tuple[Point, ...]
    found: Estimate
    agreement: float | None
    real: Point | None
    opinion: Estimate

    @property
    def is_open(self) -> bool:
        """Whether sizes differ, or follow no rule that is known."""
        found = self.found
        return not (found.is_exact and found.is_matched and found.low == found.high and self.agreement == 0)

    @property
    def is_cut(self) -> bool:
        """Whether runs took so long that they were ended before their own end."""
        return any(point.is_cut for point in self.points)

    @property
    def seconds(self) -> float:
        """What its runs took together; each has some overhead."""
        return sum(point.seconds for point in self.points) + 0.001 * len(self.points)


def climb(ladder: Ladder) -> Climbed:
    """Measure until the real size is known, or the budget is spent.

    Raises
    ------
    PredictionError
        If the function could not be measured at any size.
    """
    target = ladder.line.target
    if not target:
        return _run_real(ladder, ladder.line.at(0))
    best, scale = _first_rung(ladder)
    begun = scale > 1
    growth = 8.0  # of the time, for twice the length; until two rungs tell
    while True:
        if _is_cheap(ladder, best):
            real = _try_measure(ladder, target)
            if real is not None:
                return Climbed(best.points, best.found, _differ(real.peak, best.found), real, best.opinion)
        scale = _next_scale(ladder.line, scale, best.points[-1].t) if begun else scale
        begun = True
        higher = try_rung(ladder, scale, best) if _is_worth(ladder, best, scale, growth) else None
        if higher is None:
            return best if _is_settled(best) else _check_further(ladder, best)
        growth = min(max(1.3 * higher.seconds / best.seconds, 2.0), 16.0)
        best = higher


def _next_scale(line: Line, scale: int, last: int) -> int:
    """Return a rung whose lengths are half as long again, if there is one: a line may start far from 0."""
    here = line.at(last)
    while True:
        scale *= 2
        there = line.at(scale * RUNG[-1])
        grown = any(there[name] >= 1.5 * length for name, length in here.items())
        if grown or 2 * scale * RUNG[-1] > FARTHEST * line.target:
            return scale


def _run_real(ladder: Ladder, lengths: Mapping[str, int]) -> Climbed:
    """Run the real size: nothing in it is long enough to be made shorter."""
    first = ladder.measure_at(lengths)  # imports, caches
    real = ladder.measure_at(lengths, t=0)
    ladder.first_extra = _compare_calls(first, real)
    found = Estimate(real.peak, real.peak, real.peak, 0.0, True, True, real.run.nbytes, None, {})
    return Climbed((real,), found, 0.0, real, found)


def _first_rung(ladder: Ladder) -> tuple[Climbed, int]:
    """Measure at the smallest sizes at which the function works."""
    failure: PredictionError | None = None
    scale = 1
    while True:
        ts = _FIRST if scale == 1 else tuple(scale * t for t in RUNG)
        if ts[-1] >= ladder.line.target:
            break
        try:
            points = _measure_first(ladder, ts)
            found = estimate(ladder.line, points, ladder.line.target)
            return Climbed(points, found, None, None, found), scale
        except FunctionFailedError as error:
            failure = failure or error
            scale *= 4
            ladder.child.end()  # the next first call is one, with nothing imported by the one that failed
        if ladder.needs(scale * RUNG[-1]) > ladder.budget.memory // 2 or ladder.left() < 0.1:
            break
    raise failure or PredictionError("no size is small enough to be tried; pass memory= and timeout= to allow more")


def _measure_first(ladder: Ladder, ts: Sequence[int]) -> tuple[Point, ...]:
    """Measure a rung after the very first call, which imports, fills caches and takes BLAS's buffers."""
    first = ladder.measure_at(ladder.line.at(ts[0]))  # to its end: what never ends is not predicted
    ladder.patience = ladder.left() / _MOST_RUNS
    ladder.places.operators = ladder.examine(ts[0]).operators
    points = tuple(ladder.measure(t) for t in ts)
    ladder.first_extra = _compare_calls(first, points[0])
    whole = tuple(itertools.takewhile(lambda point: not point.is_cut, points))
    if len(whole) == len(points):
        ladder.patience = math.inf
    return whole if len(whole) >= _FEWEST else points


def _compare_calls(first: Point, second: Point) -> int:
    """Return the bytes that a first call took or kept beyond a second one of the same size."""
    if second.is_cut:
        return 0
    return max(first.peak - second.peak, first.kept - second.kept, 0)


def _is_worth(ladder: Ladder, best: Climbed, scale: int, growth: float) -> bool:
    """Whether a larger rung may tell more, and can be had."""
    t = scale * RUNG[-1]
    if t > FARTHEST * ladder.line.target or best.is_cut:
        return False
    if ladder.needs(t, best.points) > ladder.budget.memory // 2:
        return False
    takes = best.seconds * growth
    if not _is_settled(best):
        return takes < 0.7 * ladder.left()
    # Two rungs that only nearly agree may come to agree.
    patience = _SHORT_S if best.found.is_exact and best.agreement == 0 else 2 * _SHORT_S
    return takes < patience - ladder.spent() and best.points[-1].peak < _TELLING_NBYTES


def try_rung(ladder: Ladder, scale: int, before: Climbed) -> Climbed | None:
    """Measure a rung and compare with what the one below said; ``None`` if it could not be measured."""
    try:
        points = tuple(ladder.measure(scale * t) for t in RUNG)
    except (FunctionFailedError, ChildDiedError, ChildTimeoutError):
        return None
    if any(point.is_cut for point in points):
        return None
    found = estimate(ladder.line, points, ladder.line.target)
    # A rung whose runs do not match may lie across a threshold: those below and beyond it are compared.
    other = before.opinion if found.is_matched else before.found
    agreement = min(_differ(found.nbytes, other), _differ(found.low, other))
    if before.found.is_matched and not found.is_matched:
        agreement = max(agreement, 2 * AGREE)
    return Climbed(points, found, agreement, None, found if found.is_matched else before.opinion)


def _check_further(ladder: Ladder, best: Climbed) -> Climbed:
    """Hold what matched against one larger run, where a whole rung more cannot be had."""
    last, found = best.points[-1], best.found
    if not found.is_exact or not found.is_matched or found.low < found.high:
        return best
    for t in (last.t * 2, last.t * 3 // 2, last.t * 5 // 4, last.t * 9 // 8):
        fits = t <= FARTHEST * ladder.line.target and ladder.needs(t, best.points) <= ladder.budget.memory // 2
        if not fits or last.seconds * (t / last.t) ** 3 > 0.5 * ladder.left():
            continue
        point = _try_measure(ladder, t)
        foretold = estimate(ladder.line, best.points, t)
        if point is None or not match((last, point)):
            return best
        return replace(best, agreement=_differ(point.peak, foretold))
    return best


def _try_measure(ladder: Ladder, t: int) -> Point | None:
    try:
        return ladder.measure(t)
    except (FunctionFailedError, ChildDiedError, ChildTimeoutError):
        return None


def _is_cheap(ladder: Ladder, best: Climbed) -> bool:
    """Whether the real size can simply be run."""
    growth = ladder.line.target / best.points[-1].t
    if best.is_cut or best.points[-1].seconds * growth**3 > _CHEAP_S:
        return False
    return ladder.needs(ladder.line.target, best.points) <= min(_CHEAP_NBYTES, ladder.budget.memory // 2)


def _is_settled(best: Climbed) -> bool:
    """Whether nothing is open: exact, or two rungs agree."""
    found = best.found
    if found.low < found.high or best.agreement is None:
        return False
    if found.is_exact and found.is_matched:
        return best.agreement == 0
    return best.agreement <= AGREE and found.error <= AGREE


def _differ(nbytes: int, found: Estimate) -> float:
    """Return the relative difference of a peak to the nearer end of what was found."""
    return min(abs(nbytes - each) / max(nbytes, each, 1) for each in (found.low, found.high))
