"""Native memory on top of the arrays: what the process has in RAM beyond them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

import numpy as np

from ndmem.errors import PredictionError

from .climb import Climbed
from .estimate import estimate
from .fit import multiply
from .ladder import Ladder
from .line import Line
from .request import Ask, Request

if TYPE_CHECKING:
    import numpy.typing as npt

    Float64s = npt.NDArray[np.float64]

_STEPS = (4, 6, 8)
_LONGEST_S = 0.5
_MOST_GROWTH = 8.0
"""Of the time, for twice the lengths: matrices are factorised."""

_ENOUGH_NBYTES = 2**27
_TELLING_NBYTES = 2**19
_SLIGHT = 0.01
_FAR = 0.25
_CONSTANT = 0.2
_DEGREE = 0.02
"""What a constant as large as the whole, and a degree more, speak against a fit: as much as that much scatter."""

_GRAIN = 2**17
"""Bytes up to which measurements of the same differ: Linux adds up each processor's pages now and then."""

_LEAST = 2**18
"""Less is not told from pages that Python itself takes, and is none."""


@dataclass(frozen=True, slots=True)
class Native:
    """Native memory at the peak of arrays and native memory together.

    Attributes
    ----------
    nbytes : int or None
        Bytes in RAM beyond the peak of arrays; ``None`` where they are not known.
    why : str
        Why they are not known.
    """

    nbytes: int | None
    why: str = ""


def measure_native(ladder: Ladder, climbed: Climbed) -> Native:
    """Measure at a few sizes how far resident memory rises beyond the arrays, and carry that to the real one."""
    ladder.progress("native memory")
    target = ladder.line.target
    try:
        if climbed.real is not None:
            return Native(_measure(ladder, climbed, target))
        ts = _choose_sizes(ladder, _choose_scale(ladder, climbed))
        # The largest first: what a library takes once and keeps is then there.
        found = [_measure(ladder, climbed, t) for t in reversed(ts)][::-1]
    except PredictionError as error:
        return Native(None, str(error))
    if max(found) <= _SLIGHT * ladder.needs(ts[-1], climbed.points):
        return Native(max(found))  # what can be told from a page now and then grows with the arrays
    if max(found) < _TELLING_NBYTES:
        return Native(None, "what could be measured in time is too small to be told from pages of libraries")
    nbytes, scatter = carry_native(ladder.line, ts, found)
    if scatter > _FAR:
        return Native(None, "it grew too unevenly over the sizes that were measured")
    return Native(nbytes)


def carry_native(line: Line, ts: Sequence[int], found: Sequence[int]) -> tuple[int, float]:
    """Carry bytes to the real size as a constant and a multiple of a product of dimensions.

    Parameters
    ----------
    line : Line
        The line of sizes.
    ts, found : sequence of int
        Where on it how many bytes were measured; pages and what libraries keep scatter around the product.

    Returns
    -------
    (int, float)
        Bytes at the line's target, and how far the measured ones scatter, relative to the largest.
    """
    values = np.array(found, np.float64)
    names = line.scaled()[:3]
    best, scatter, least = float(values.max()), 1.0, np.inf
    for degree in range(1, 4):
        for term in combinations_with_replacement(names, degree):
            product = np.array([multiply(line.at(t), term) for t in ts])
            constant, slope = _fit(product, values)
            off = max(float(np.abs(constant + slope * product - values).max()) - _GRAIN, 0.0) / float(values.max())
            cost = off + _CONSTANT * constant / values.max() + _DEGREE * degree
            if cost < least:
                best, scatter, least = constant + slope * multiply(line.at(line.target), term), off, cost
    return int(best), scatter


def _fit(product: Float64s, values: Float64s) -> tuple[float, float]:
    """Return the constant, which is not negative, and the slope of the least squares."""
    centred = product - product.mean()
    slope = float((centred * values).sum() / max(float((centred**2).sum()), 1e-300))
    constant = float(values.mean() - slope * product.mean())
    if constant >= 0 and slope >= 0:
        return constant, slope
    return 0.0, float((product * values).sum() / (product**2).sum())


def _choose_sizes(ladder: Ladder, scale: int) -> tuple[int, ...]:
    """Return where to measure: if all real lengths have small prime factors alone, where that is so too.

    The work memory of a Fourier transform grows fourfold where a length has a large one.
    """
    line = ladder.line
    scaled = line.scaled()
    even = tuple(scale * step for step in _STEPS)
    if not all(_is_smooth(ladder.arguments.lengths[name]) for name in scaled):
        return even
    smooth = [t for t in range(even[0], even[-1] + 1) if all(_is_smooth(line.at(t)[name]) for name in scaled)]
    return (smooth[0], smooth[len(smooth) // 2], smooth[-1]) if len(smooth) >= 3 else even


def _is_smooth(length: int) -> bool:
    for prime in (2, 3, 5, 7):
        while length % prime == 0 and length:
            length //= prime
    return length == 1


def _choose_scale(ladder: Ladder, climbed: Climbed) -> int:
    """Return the largest rung that takes little time and memory: pages are coarse, and libraries keep some."""
    scale = max(climbed.points[0].t // _STEPS[0], 1)
    most = min(_ENOUGH_NBYTES, ladder.budget.memory // 3)
    seconds, growth = climbed.points[-1].seconds, _MOST_GROWTH
    if _LONGEST_S / growth < seconds <= _LONGEST_S:  # the machine may have been busy, and small sizes scatter most
        again = Request(ladder.line.at(climbed.points[-1].t), ask=Ask.OCCUPY)
        seconds = min(seconds, *(ladder.ask(again).seconds for _ in range(2)))
    while seconds * growth <= _LONGEST_S:
        t = 2 * scale * _STEPS[-1]
        if t > ladder.line.target or ladder.needs(t, climbed.points) > most:
            break
        request = Request(ladder.line.at(t), ask=Ask.OCCUPY)
        before, seconds = seconds, min(ladder.ask(request).seconds for _ in range(2))
        if seconds > _LONGEST_S:
            break
        growth = min(max(seconds / before, 2.0), _MOST_GROWTH)
        scale *= 2
    return scale


def _measure(ladder: Ladder, climbed: Climbed, t: int) -> int:
    """Return how far resident memory rises beyond the peak of arrays."""
    answer = ladder.ask(Request(ladder.line.at(t), ask=Ask.OCCUPY))
    if answer.is_cut:
        raise PredictionError("a run takes too long to be made once more")
    if answer.rise_nbytes is None:
        raise PredictionError("this system does not say how far resident memory rose; Linux does")
    beyond = answer.rise_nbytes - _arrays_at(ladder, climbed, t)
    return beyond if beyond >= _LEAST else 0


def _arrays_at(ladder: Ladder, climbed: Climbed, t: int) -> int:
    if climbed.real is not None:
        return climbed.real.peak
    if climbed.found.is_exact and climbed.found.is_matched:
        return estimate(ladder.line, climbed.points, t).nbytes
    return ladder.measure(t).peak
