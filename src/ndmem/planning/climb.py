"""The ladder: measure at small sizes, and at larger ones until they say the same of the real size."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ndmem.errors import PredictionError

from .child import Child, ChildDiedError, ChildTimeoutError
from .estimate import Estimate, estimate
from .fit import grow
from .match import Places, Point, match
from .samples import Sample
from .work import Answer, Ask, Request

if TYPE_CHECKING:
    from .arguments import Arguments
    from .line import Line
    from .work import Meter

_FIRST = (1, 2, 3, 4, 5)
_RUNG = (4, 5, 6, 7, 8)
_AGREE = 0.002

# What is spent on larger sizes where the smaller ones leave nothing open.
_SHORT_S = 0.8
_CHEAP_S = 0.4
_CHEAP_NBYTES = 2**26
_TELLING_NBYTES = 2**23


class FunctionFailedError(PredictionError):
    """The function raised an error at every size that could be tried."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What measuring may cost.

    Attributes
    ----------
    seconds : float
        For all of it.
    memory : int
        Bytes that one run may take.
    """

    seconds: float
    memory: int


@dataclass(slots=True)
class Ladder:
    """Measures a function on a line of sizes."""

    line: Line
    arguments: Arguments
    meter: Meter
    child: Child
    budget: Budget
    progress: Callable[[str], None]
    places: Places = field(default_factory=Places)
    started: float = field(default_factory=time.monotonic)
    refused: set[str] = field(default_factory=set)
    times: list[tuple[dict[str, int], float]] = field(default_factory=list)

    def spent(self) -> float:
        """Return the seconds that were spent."""
        return time.monotonic() - self.started

    def left(self) -> float:
        """Return the seconds that are left."""
        return self.budget.seconds - self.spent()

    def measure(self, t: int) -> Point:
        """Measure at a point of the line.

        Raises
        ------
        PredictionError
            If the function fails there, or takes too long.
        """
        return self.measure_at(self.line.at(t), t=t)

    def measure_at(self, lengths: Mapping[str, int], *, t: int = -1, sample: Sample = Sample.FIRST) -> Point:
        """Measure at any lengths."""
        self.progress(", ".join(f"{name}={length:,}" for name, length in lengths.items()))
        answer = self.ask(Request(dict(lengths), sample))
        if t >= 0:
            self.times.append((dict(lengths), answer.seconds))
        run = self.meter.read(answer.parts)
        return Point(
            t=t,
            run=run,
            place=self.places.number(run)[run.node],
            seconds=answer.seconds,
            inputs_nbytes=answer.inputs_nbytes,
            parts=answer.parts,
            lengths=dict(lengths),
            by_operator=self.places.mark_operators(run)[run.node],
        )

    def ask(self, request: Request) -> Answer:
        """Ask the child, and raise what the function raised."""
        size = ", ".join(f"{name}={length:,}" for name, length in request.lengths.items())
        try:
            answer = self.child.ask(request, max(self.left(), 0.1))
        except ChildTimeoutError:
            raise ChildTimeoutError(
                f"it did not return within {self.budget.seconds:g} s, for all measurements together, at {size}; pass "
                "timeout= to allow more"
            ) from None
        self.refused.update(answer.refused)
        if answer.error:
            raise FunctionFailedError(_explain(answer, size, self.budget.memory))
        return answer

    def needs(self, t: int, best: Climbed | None = None) -> int:
        """Return the bytes that a run there will take, as far as is known; samples are made of copies."""
        if best is None:
            return 3 * (self.arguments.nbytes(self.line.at(t)) or 0)
        peak = estimate(self.line, best.points, t).high
        inputs = self.arguments.nbytes(self.line.at(t))
        if inputs is None:
            made = np.array([[point.inputs_nbytes or 0] for point in best.points], np.int64)
            inputs = int(grow(self.line, [point.t for point in best.points], made, t).nbytes[0])
        return 2 * inputs + peak


def _explain(answer: Answer, size: str, memory: int) -> str:
    """Say what happened, where, and what to do."""
    if answer.refused:
        return (
            f"the function {answer.refused[0]}, which a dry run may not; pass sandbox=False if that does no harm, or "
            "predict the part that computes"
        )
    at = f" at {answer.where}" if answer.where else ""
    if answer.is_memory:
        return f"it needs more than {memory // 2**20} MiB already where {size}{at}; pass memory='4 GiB' to allow more"
    return (
        f"it fails at small sizes ({size}){at}: {answer.error}; pass make= for arguments that fit together, or like= "
        "for values that it can work with"
    )


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
        scale = 2 * scale if begun else scale
        begun = True
        higher = _try_rung(ladder, scale, best) if _is_worth(ladder, best, scale, growth) else None
        if higher is None:
            return best if _is_settled(best) else _check_further(ladder, best)
        growth = min(max(1.3 * higher.seconds / best.seconds, 2.0), 16.0)
        best = higher


def _run_real(ladder: Ladder, lengths: Mapping[str, int]) -> Climbed:
    """Run the real size: nothing in it is long enough to be made shorter."""
    ladder.measure_at(lengths)  # imports, caches
    real = ladder.measure_at(lengths, t=0)
    found = Estimate(real.peak, real.peak, real.peak, 0.0, True, True, real.run.nbytes, None, {})
    return Climbed((real,), found, 0.0, real, found)


def _first_rung(ladder: Ladder) -> tuple[Climbed, int]:
    """Measure at the smallest sizes at which the function works."""
    failure: PredictionError | None = None
    scale = 1
    while True:
        ts = _FIRST if scale == 1 else tuple(scale * t for t in _RUNG)
        if ts[-1] >= ladder.line.target:
            break
        try:
            # Also the first call, which imports, fills caches and takes BLAS's buffers.
            ladder.places.operators = ladder.ask(Request(ladder.line.at(ts[0]), ask=Ask.EXAMINE)).operators
            points = tuple(ladder.measure(t) for t in ts)
            found = estimate(ladder.line, points, ladder.line.target)
            return Climbed(points, found, None, None, found), scale
        except FunctionFailedError as error:
            failure = failure or error
            scale *= 4
        if ladder.needs(scale * _RUNG[-1]) > ladder.budget.memory // 2 or ladder.left() < 0.1:
            break
    raise failure or PredictionError("no size is small enough to be tried; pass memory= and timeout= to allow more")


def _is_worth(ladder: Ladder, best: Climbed, scale: int, growth: float) -> bool:
    """Whether a larger rung may tell more, and can be had."""
    t = scale * _RUNG[-1]
    if t > 0.8 * ladder.line.target:
        return False
    if ladder.needs(t, best) > ladder.budget.memory // 2:
        return False
    takes = best.seconds * growth
    if not _is_settled(best):
        return takes < 0.7 * ladder.left()
    # Two rungs that only nearly agree may come to agree.
    patience = _SHORT_S if best.found.is_exact and best.agreement == 0 else 2 * _SHORT_S
    return takes < patience - ladder.spent() and best.points[-1].peak < _TELLING_NBYTES


def _try_rung(ladder: Ladder, scale: int, before: Climbed) -> Climbed | None:
    """Measure a rung and compare with what the one below said; ``None`` if it could not be measured."""
    try:
        points = tuple(ladder.measure(scale * t) for t in _RUNG)
    except (FunctionFailedError, ChildDiedError, ChildTimeoutError):
        return None
    found = estimate(ladder.line, points, ladder.line.target)
    # A rung whose runs do not match may lie across a threshold: those below and beyond it are compared.
    other = before.opinion if found.is_matched else before.found
    agreement = min(_differ(found.nbytes, other), _differ(found.low, other))
    if before.found.is_matched and not found.is_matched:
        agreement = max(agreement, 2 * _AGREE)
    return Climbed(points, found, agreement, None, found if found.is_matched else before.opinion)


def _check_further(ladder: Ladder, best: Climbed) -> Climbed:
    """Hold what matched against one larger run, where a whole rung more cannot be had."""
    last, found = best.points[-1], best.found
    if not found.is_exact or not found.is_matched or found.low < found.high:
        return best
    for t in (last.t * 2, last.t * 3 // 2, last.t * 5 // 4, last.t * 9 // 8):
        fits = t <= 0.8 * ladder.line.target and ladder.needs(t, best) <= ladder.budget.memory // 2
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
    takes = best.points[-1].seconds * growth**3
    return takes <= _CHEAP_S and ladder.needs(ladder.line.target, best) <= min(_CHEAP_NBYTES, ladder.budget.memory // 2)


def _is_settled(best: Climbed) -> bool:
    """Whether nothing is open: exact, or two rungs agree."""
    found = best.found
    if found.low < found.high or best.agreement is None:
        return False
    if found.is_exact and found.is_matched:
        return best.agreement == 0
    return best.agreement <= _AGREE and found.error <= _AGREE


def _differ(nbytes: int, found: Estimate) -> float:
    """Return the relative difference of a peak to the nearer end of what was found."""
    return min(abs(nbytes - each) / max(nbytes, each, 1) for each in (found.low, found.high))
