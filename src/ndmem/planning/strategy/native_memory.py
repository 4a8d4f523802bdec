"""Measure native memory: how far RSS rises beyond the arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Final

import numpy as np

from ndmem.errors import PredictionError
from ndmem.planning.extrapolation.polynomials import multiply
from ndmem.planning.extrapolation.size_line import Line

from .findings import Findings
from .measurements import Measurements

if TYPE_CHECKING:
    import numpy.typing as npt

    from ndmem.planning.extrapolation.match import Point

    Float64s = npt.NDArray[np.float64]

_STEPS = (4, 6, 8)
_MOST_EFFORT = 50_000
_TIMEOUT_SHARE = 0.025
"""Part of the timeout that one run may take, in processor time: the work of LAPACK shows in no count."""

_ENOUGH_NBYTES = 2**27
_TELLING_NBYTES = 2**19
_SLIGHT = 0.01
_FAR = 0.25
_CONSTANT = 0.2
_DEGREE = 0.02
"""Penalties of a fit, in units of scatter: for a constant as large as the whole, and for each degree."""

_GRAIN = 2**17
"""Bytes by which repeated measurements differ: Linux adds up the page counts of the processors at intervals."""

_RECORD_NBYTES = 96
"""Bytes that the recording of an event needs at most."""

NOT_REPORTED: Final = "this system does not report the peak of resident memory; Linux does"
"""Why native memory is unknown where no run can measure it."""

_SMALL_PRIMES = (2, 3, 5, 7)

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
    """Take native memory from the largest run; where it is not slight, measure and extrapolate it from three sizes."""
    measurements.progress("native memory")
    try:
        seen = _take_from_runs(measurements, findings)
        if seen is not None:
            return Native(seen)
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


def _take_from_runs(measurements: Measurements, findings: Findings) -> int | None:
    """Return the native memory of the real size, or of the largest run if it is a slight part of all its memory."""
    if findings.real is not None:
        return _subtract_arrays(measurements, findings.real, measurements.line.target)
    point = None if findings.largest is None else findings.largest.point
    if point is None or point.rss_growth_nbytes is None:
        return None
    whole = measurements.estimate_inputs(point.t, findings.points) + point.peak
    beyond = point.rss_growth_nbytes - point.peak  # the recording itself, if it counts, adds to it
    if beyond < _LEAST:
        return 0
    return beyond if beyond <= _SLIGHT * whole else None


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
    first = scaled[0]
    low, high = (line.at(t)[first] for t in (even[0], even[-1]))
    positions = (divmod(length - line.start[first], line.step[first]) for length in list_smooth(high) if length >= low)
    smooth = [t for t, rest in positions if not rest and all(_is_smooth(line.at(t)[name]) for name in scaled)]
    return (smooth[0], smooth[len(smooth) // 2], smooth[-1]) if len(smooth) >= 3 else even


def list_smooth(most: int) -> list[int]:
    """Return all numbers up to one that have no prime factor above 7, sorted."""
    found = [1]
    for prime in _SMALL_PRIMES:
        for number in found.copy():
            while (number := number * prime) <= most:
                found.append(number)
    return sorted(found)


def _is_smooth(length: int) -> bool:
    for prime in _SMALL_PRIMES:
        while length % prime == 0 and length:
            length //= prime
    return length == 1


def _choose_scale(measurements: Measurements, findings: Findings) -> int:
    """Return the largest scale that memory, work and time allow: pages are coarse, and libraries keep some."""
    most = min(_ENOUGH_NBYTES, measurements.memory // 3)
    longest = _TIMEOUT_SHARE * measurements.time_limit.seconds

    def is_affordable(scale: int) -> bool:
        t = scale * _STEPS[-1]
        return (
            t <= measurements.line.target
            and measurements.estimate_memory(t, findings.points) <= most
            and measurements.estimate_effort(t) <= _MOST_EFFORT
            and measurements.estimate_processor_seconds(t) <= longest
        )

    scale = 1
    while is_affordable(2 * scale):
        scale *= 2
    return scale


def _measure(measurements: Measurements, findings: Findings, t: int) -> int:
    """Run the function at a position of the line, and return how far resident memory rises beyond its arrays."""
    point = measurements.measure(t, processor_limit=findings.processor_limit, with_rss=True)
    if point.is_cut:
        raise PredictionError("a run takes too long to be repeated")
    return _subtract_arrays(measurements, point, t)


def _subtract_arrays(measurements: Measurements, point: Point, t: int) -> int:
    """Return how far resident memory rose beyond the peak of arrays in a run."""
    growth = point.rss_growth_nbytes
    if growth is not None and len(point.events) * _RECORD_NBYTES > _GRAIN:
        growth = measurements.measure_rss(t)  # recording so many events needs memory itself
    if growth is None:
        raise PredictionError(NOT_REPORTED)
    return growth - point.peak if growth - point.peak >= _LEAST else 0
