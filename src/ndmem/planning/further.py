"""Measure further where small sizes leave something open: the real one if it takes a moment, or beyond a threshold."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from .child import ChildDiedError, ChildTimeoutError
from .climb import FARTHEST, RUNG, Climbed, try_rung
from .crossings import Crossing
from .ladder import FunctionFailedError, Ladder
from .pace import carry_seconds

_MOMENT_S = 1.0
_PATIENCE_S = 3.0
_SHARE = 0.3
"""Of the time that is left."""


def measure_further(ladder: Ladder, climbed: Climbed, crossings: Sequence[Crossing]) -> Climbed | None:
    """Return what larger runs say; ``None`` if there is nothing to be had in so little time."""
    with _patient(ladder):
        return _measure_real(ladder, climbed) or _measure_beyond(ladder, climbed, crossings)


@contextmanager
def _patient(ladder: Ladder) -> Iterator[None]:
    """End a run that takes far longer than was thought: then it is none."""
    before, ladder.patience = ladder.patience, _PATIENCE_S
    try:
        yield
    finally:
        ladder.patience = before


def _measure_real(ladder: Ladder, climbed: Climbed) -> Climbed | None:
    target = ladder.line.target
    if not is_affordable(ladder, climbed, target, runs=1):
        return None
    try:
        real = ladder.measure(target)
    except (FunctionFailedError, ChildDiedError, ChildTimeoutError):
        return None
    return None if real.is_cut else replace(climbed, real=real)


def _measure_beyond(ladder: Ladder, climbed: Climbed, crossings: Sequence[Crossing]) -> Climbed | None:
    """Measure a rung beyond as many numbers as can be had, and another where it says something else."""
    for factor in sorted({crossing.factor for crossing in crossings}, reverse=True):
        scale = math.ceil(climbed.points[-1].t * factor / RUNG[0])
        t = scale * RUNG[-1]
        if t > FARTHEST * ladder.line.target or not is_affordable(ladder, climbed, t, runs=len(RUNG)):
            continue
        beyond = try_rung(ladder, scale, climbed)
        if beyond is None:
            return None
        if beyond.agreement and 2 * t <= FARTHEST * ladder.line.target:
            # On this side of the number what was said on the other is no second opinion.
            return try_rung(ladder, 2 * scale, beyond) or beyond
        return beyond
    return None


def is_affordable(ladder: Ladder, climbed: Climbed, t: int, *, runs: int) -> bool:
    """Tell whether so many runs at a point of the line take a moment, and memory that may be taken."""
    if ladder.needs(t, climbed.points) > ladder.budget.memory // 2:
        return False
    seconds = carry_seconds(ladder.times, ladder.line.scaled()[:3], ladder.line.at(t))
    return runs * seconds <= min(_MOMENT_S * math.sqrt(runs), _SHARE * ladder.left())
