"""Extrapolate sizes along the line: by the polynomial that reproduces them exactly, else by the best approximation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from ndmem.model.columns import Bools, Int64s

    from .size_line import Line

    Float64s = npt.NDArray[np.float64]

_HIGHEST_DEGREE = 3
_LARGEST = 2**62


@dataclass(frozen=True, slots=True, eq=False)
class Extrapolated:
    """Sizes at another position of the line.

    Attributes
    ----------
    nbytes : (m,) int64
        The sizes there.
    exact : (m,) bool
        Whether a polynomial reproduced every measured size.
    error : (m,) float64
        Relative error to expect of the other sizes; 0 for exact ones.
    """

    nbytes: Int64s
    exact: Bools
    error: Float64s


def extrapolate_sizes(line: Line, ts: Sequence[int], sizes: Int64s, target: int) -> Extrapolated:
    """Extrapolate sizes along the line.

    Parameters
    ----------
    line : Line
        The line.
    ts : sequence of int
        Positions at which they were measured.
    sizes : (len(ts), m) int64
        The measured sizes.
    target : int
        Position to extrapolate to.
    """
    first, inverse = find_patterns(sizes)
    patterns = sizes[:, first]
    nbytes, exact = _extrapolate_exactly(ts, patterns, target)
    error = np.zeros(len(first))
    if not exact.all():
        nbytes[~exact], error[~exact] = Basis(line, ts, target).extrapolate(patterns[:, ~exact])
    return Extrapolated(nbytes[inverse], exact[inverse], error[inverse])


def find_patterns(sizes: Int64s) -> tuple[Int64s, Int64s]:
    """Return the index of one column of each kind, and the kind of each column."""
    # Sorting whole columns takes ten times as long as sorting one hash of each.
    weights = np.random.default_rng(1).integers(1, 2**62, len(sizes)) | 1
    mixed = (sizes * weights[:, None]).sum(axis=0)
    _, first, inverse = np.unique(mixed, return_index=True, return_inverse=True)
    return first, inverse.reshape(-1)


def _extrapolate_exactly(ts: Sequence[int], patterns: Int64s, target: int) -> tuple[Int64s, Bools]:
    """Return the value of the polynomial of lowest degree through each column, and whether it is exact.

    Newton's divided differences in exact fractions: float64 has no 2**53 + 1.
    """
    differences = _find_differences(ts, patterns)
    highest = min(_HIGHEST_DEGREE, len(ts) - 2)
    # One measured size at least must be spare: five sizes always lie on a polynomial of degree 4.
    exact = (differences[highest + 1][0] == 0).all(axis=0)
    factor, value = Fraction(1), np.zeros(patterns.shape[1], object)
    for degree in range(highest + 1):
        rows, divisor = differences[degree]
        if np.any(rows[0]):
            value = value + rows[0].astype(object) * (factor / divisor)
        factor = factor * (target - ts[degree])
    nbytes = np.zeros(patterns.shape[1], np.int64)
    for i, each in enumerate(value.tolist()):
        whole = Fraction(each)
        exact[i] &= whole.denominator == 1 and 0 <= whole <= _LARGEST
        nbytes[i] = min(max(int(whole), 0), _LARGEST)
    return nbytes, exact


def _find_differences(ts: Sequence[int], patterns: Int64s) -> list[tuple[Any, int]]:
    """Return the differences of each order, and the number that they are to be divided by."""
    found: list[tuple[Any, int]] = [(patterns, 1)]
    is_even = len(set(np.diff(ts).tolist())) <= 1
    for order in range(1, len(ts)):
        (before, divisor), gaps = found[-1], np.subtract(ts[order:], ts[:-order])
        rows = np.diff(before, axis=0)
        if is_even:  # differences of integers, which are fast, because all gaps of an order are equal
            found.append((rows, divisor * int(gaps[0])))
        else:
            found.append((rows * np.array([Fraction(1, gap) for gap in gaps.tolist()], object)[:, None], 1))
    return found


class Basis:
    """Approximations of sizes: proportional to a product of dimensions, or affine in the position on the line."""

    def __init__(self, line: Line, ts: Sequence[int], target: int) -> None:
        self._ts = np.array(ts, float)
        self._target = float(target)
        names = line.scaled()[:3]
        here, there = [line.at(t) for t in ts], line.at(target)
        self._products = [
            (np.array([multiply(lengths, term) for lengths in here]), multiply(there, term))
            for degree in range(_HIGHEST_DEGREE + 1)
            for term in combinations_with_replacement(names, degree)
        ]

    def extrapolate(self, sizes: Int64s) -> tuple[Int64s, Float64s]:
        """Return sizes at the target, and the relative errors to expect.

        Parameters
        ----------
        sizes : (points, m) int64
            The measured sizes.
        """
        guesses = [self._in_proportion(sizes, here, there) for here, there in self._products]
        guesses.append(self._affine(sizes))
        values, errors = (np.stack(each) for each in zip(*guesses, strict=True))
        best = errors.argmin(axis=0), np.arange(sizes.shape[1])
        # A size above 2**62 is impossible, and its conversion to int64 would overflow.
        return np.clip(values[best], 0, _LARGEST).astype(np.int64), errors[best]

    def _in_proportion(self, sizes: Int64s, here: Float64s, there: float) -> tuple[Float64s, Float64s]:
        """Approximate sizes as proportional to a product of dimensions."""
        ratio = sizes / here[:, None]
        mean = ratio.mean(axis=0)
        position = np.log(here / here[0]) if np.ptp(here) else np.log(self._ts / self._ts[0])
        slope, residual = _trend(position, ratio / np.where(mean, mean, 1.0))
        # A trend continues up to the target; scatter averages out over the measured sizes.
        doublings = float(np.log(max(there / here.mean(), self._target / self._ts.mean(), 1.0)))
        return mean * there, residual / len(sizes) ** 0.5 + np.abs(slope) * doublings

    def _affine(self, sizes: Int64s) -> tuple[Float64s, Float64s]:
        """Approximate sizes as affine in the position on the line."""
        mean = sizes.mean(axis=0)
        slope, residual = _trend(self._ts, sizes / np.where(mean, mean, 1.0))
        value = mean * (1 + slope * (self._target - self._ts.mean()))
        return value, residual * (self._target / self._ts.max()) ** 0.5 + 0.01


def _trend(position: Float64s, values: Float64s) -> tuple[Float64s, Float64s]:
    """Return the slope of each column, and the largest distance of a value from that trend."""
    centred = position - position.mean()
    off = values - values.mean(axis=0)
    slope = centred @ off / max(float((centred**2).sum()), 1e-300)
    return slope, np.abs(off - np.outer(centred, slope)).max(axis=0)


def multiply(lengths: Mapping[str, int], term: Sequence[str]) -> float:
    """Return the product of some dimensions."""
    product = 1.0
    for name in term:
        product *= lengths[name]
    return product
