"""Measure native memory: how far RSS rises beyond the arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

import numpy as np

from ndmem.errors import PredictionError
from ndmem.planning.extrapolation.estimate import estimate_peak
from ndmem.planning.extrapolation.polynomials import multiply
from ndmem.planning.extrapolation.size_line import Line

from .findings import Findings
from .measurements import Measurements

if TYPE_CHECKING:
    import numpy.typing as npt

    Float64s = npt.NDArray[np.float64]

_STEPS = (4, 6, 8)
_MOST_EFFORT = 50_000
_TIMEOUT_SHARE = 0.025
"""Part of the timeout that one run may take, in processor time: the work of LAPACK shows in no count."""

_MOST_GROWTH = 8.0
"""Growth of the time for twice the lengths, of a matrix factorisation."""

_ENOUGH_NBYTES = 2**27
_TELLING_NBYTES = 2**19
_SLIGHT = 0.01
_FAR = 0.25
_CONSTANT = 0.2
_DEGREE = 0.02
"""Penalties of a fit, in units of scatter: for a constant as large as the whole, and for each degree."""

_GRAIN = 2**17
"""Bytes by which repeated measurements differ: Linux adds up the page counts of the processors at intervals."""

_LEAST = 2**18
"""Smaller values count as 0: they cannot be distinguished from pages that Python itself touches."""


@dataclass(frozen=True, slots=True)
class Native:
    """Native memory at the peak of arrays and native memory together.

    Attributes
    ----------
    nbytes : int or None
        Bytes in RAM beyond the peak of arrays; ``None`` if unknown.
    why : str
        Why they are unknown.
    """

    nbytes: int | None
    why: str = ""


def measure_native(measurements: Measurements, findings: Findings) -> Native:
    """Measure native memory at three sizes, and extrapolate it to the real one."""
    measurements.progress("native memory")
    target = measurements.line.target
    try:
        if findings.real is not None:
            return Native(_measure(measurements, findings, target))
        ts = _choose_sizes(measurements, _choose_scale(measurements, findings))
        # The largest first, so that memory which a library allocates once and keeps is there for all three.
        found = [_measure(measurements, findings, t) for t in reversed(ts)][::-1]
    except PredictionError as error:
        return Native(None, str(error))
    if max(found) <= _SLIGHT * measurements.estimate_memory(ts[-1], findings.points):
        return Native(max(found))  # stray pages, which do not grow with the size
    if max(found) < _TELLING_NBYTES:
        return Native(None, "it is too small at the largest size that could be measured in time")
    nbytes, scatter = extrapolate_native(measurements.line, ts, found)
    if scatter > _FAR:
        return Native(None, "it does not grow regularly over the measured sizes")
    return Native(nbytes)


def extrapolate_native(line: Line, ts: Sequence[int], found: Sequence[int]) -> tuple[int, float]:
    """Extrapolate bytes to the real size as a constant plus a multiple of a product of dimensions.

    Parameters
    ----------
    line : Line
        The line of sizes.
    ts, found : sequence of int
        Positions on the line, and the bytes measured there; pages and caches of libraries scatter around the product.

    Returns
    -------
    (int, float)
        Bytes at the target of the line, and the scatter of the measured ones relative to the largest.
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
    """Return the constant and the slope of the least squares, neither of them negative."""
    centred = product - product.mean()
    slope = float((centred * values).sum() / max(float((centred**2).sum()), 1e-300))
    constant = float(values.mean() - slope * product.mean())
    if constant >= 0 and slope >= 0:
        return constant, slope
    return 0.0, float((product * values).sum() / (product**2).sum())


def _choose_sizes(measurements: Measurements, scale: int) -> tuple[int, ...]:
    """Return three positions on the line; if all real lengths have only small prime factors, so do theirs.

    The work memory of a Fourier transform grows fourfold if a length has a large prime factor.
    """
    line = measurements.line
    scaled = line.scaled()
    even = tuple(scale * step for step in _STEPS)
    if not all(_is_smooth(measurements.arguments.lengths[name]) for name in scaled):
        return even
    smooth = [t for t in range(even[0], even[-1] + 1) if all(_is_smooth(line.at(t)[name]) for name in scaled)]
    return (smooth[0], smooth[len(smooth) // 2], smooth[-1]) if len(smooth) >= 3 else even


def _is_smooth(length: int) -> bool:
    for prime in (2, 3, 5, 7):
        while length % prime == 0 and length:
            length //= prime
    return length == 1


def _choose_scale(measurements: Measurements, findings: Findings) -> int:
    """Return the largest scale that memory, work and time allow: pages are coarse, and libraries keep some."""
    last = findings.points[-1]
    scale = max(findings.points[0].t // _STEPS[0], 1)
    most = min(_ENOUGH_NBYTES, measurements.memory // 3)
    longest = _TIMEOUT_SHARE * measurements.time_limit.seconds
    seconds, growth = last.processor_seconds, _MOST_GROWTH
    if longest / growth < seconds <= longest:  # recording counts in `last.processor_seconds`
        seconds = min(seconds, *(measurements.measure_rss(last.t).seconds for _ in range(2)))
    while seconds * growth <= longest:
        t = 2 * scale * _STEPS[-1]
        if t > measurements.line.target or measurements.estimate_memory(t, findings.points) > most:
            break
        if measurements.estimate_effort(t) > _MOST_EFFORT:
            break
        before, seconds = seconds, min(measurements.measure_rss(t).seconds for _ in range(2))
        if seconds > longest:
            break
        growth = min(max(seconds / before, 2.0), _MOST_GROWTH)
        scale *= 2
    return scale


def _measure(measurements: Measurements, findings: Findings, t: int) -> int:
    """Return how far resident memory rises beyond the peak of arrays."""
    answer = measurements.measure_rss(t, processor_limit=findings.processor_limit)
    if answer.is_cut:
        raise PredictionError("a run takes too long to be repeated")
    if answer.rss_growth_nbytes is None:
        raise PredictionError("this system does not report the peak of resident memory; Linux does")
    beyond = answer.rss_growth_nbytes - _arrays_at(measurements, findings, t)
    return beyond if beyond >= _LEAST else 0


def _arrays_at(measurements: Measurements, findings: Findings, t: int) -> int:
    if findings.real is not None:
        return findings.real.peak
    if findings.estimate.is_exact and findings.estimate.is_matched:
        return estimate_peak(measurements.line, findings.points, t).nbytes
    return measurements.measure(t, processor_limit=findings.processor_limit).peak
