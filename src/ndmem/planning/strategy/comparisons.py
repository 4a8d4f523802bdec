"""Find what the user's code compares differently at the real size, and what is not a polynomial of a size."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ndmem.planning.strategy.runs.thresholds import Crossing
from ndmem.planning.worker.code.code_scan import Number

from .doubt import Doubt, Weight

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.planning.worker.code.comparisons import Comparison

    from .findings import Findings
    from .measurements import Measurements

_FEWEST_SCANS = 2
_STEPS = 40
_BEYOND = 1.05
"""How far beyond the crossing to measure: values are extrapolated."""


def find_flips(measurements: Measurements, findings: Findings) -> list[Crossing]:
    """Find the pairs of numbers whose order is another one at the real size than at the largest measured one.

    Each number is extrapolated as a power of the longest dimension, from two sizes at which the code was watched.
    """
    small, large, sizes = _watch(measurements, findings)
    found: dict[tuple[str, str, float], Crossing] = {}
    for key in small.keys() & large.keys():
        first, second = small[key], large[key]
        if first.curve or (first.left, first.right) == (second.left, second.right):
            continue
        left, right = _Power(first.left, second.left, sizes), _Power(first.right, second.right, sizes)
        if left.is_below(right, sizes.last) == left.is_below(right, sizes.real):
            continue
        at = _bisect(left, right, sizes)
        value = first.left if first.left == second.left else right.at(at)
        number = Number(_shorten(value), second.function, second.filename, is_users=True)
        factor = max(at / sizes.last * _BEYOND, 1.0)
        known = found.get((number.filename, number.function, number.value))
        if known is None or known.factor > factor:
            found[number.filename, number.function, number.value] = Crossing(number, factor)
    return sorted(found.values(), key=lambda crossing: crossing.number)


def doubt_curves(measurements: Measurements, findings: Findings) -> list[Doubt]:
    """Return a doubt for each function of a size that is not a polynomial, and for texts of sizes that get longer."""
    small, large, sizes = _watch(measurements, findings)
    curves: dict[str, None] = {}
    for key in sorted(small.keys() & large.keys()):
        first, second = small[key], large[key]
        if not first.curve or first.left == second.left:
            continue
        power = _Power(first.left, second.left, sizes)
        if first.curve == "text":
            if len(str(int(power.at(sizes.last)))) == len(str(int(power.at(sizes.real)))):
                continue
            curves["the digits of a number that grows with the size"] = None
        else:
            curves[f"{first.curve} of a number that grows with the size"] = None
    return [Doubt(f"its code uses {curve}, which is not a polynomial", Weight.GRAVE) for curve in curves]


class _Sizes:
    """The longest dimension at the two sizes that were watched, at the largest measured one, and at the real one."""

    def __init__(self, small: float, large: float, last: float, real: float) -> None:
        self.small, self.large, self.last, self.real = small, large, last, real


class _Power:
    """A number as a power of the size; a constant, if it was the same at both."""

    def __init__(self, small: float, large: float, sizes: _Sizes) -> None:
        self._large, self._size = large, sizes.large
        self._exponent = self._slope = 0.0
        if small > 0 and large > 0:
            self._exponent = math.log(large / small) / math.log(sizes.large / sizes.small)
        elif large != small:
            self._slope = (large - small) / (sizes.large - sizes.small)

    def at(self, size: float) -> float:
        """Return the number at a size."""
        return float(self._large * (size / self._size) ** self._exponent + self._slope * (size - self._size))

    def is_below(self, other: _Power, size: float) -> bool:
        """Tell whether the number is below another one at a size."""
        return self.at(size) < other.at(size)


def _watch(
    measurements: Measurements, findings: Findings
) -> tuple[dict[tuple[object, ...], Comparison], dict[tuple[object, ...], Comparison], _Sizes]:
    """Return the comparisons at the smallest and at the largest size that was scanned, by their place."""
    line, scans = measurements.line, measurements.scans()
    if len(scans) < _FEWEST_SCANS:
        return {}, {}, _Sizes(1, 1, 1, 1)
    (low, first), (high, second) = scans[0], scans[-1]
    name = max(line.scaled(), key=lambda name: line.at(line.target)[name])
    ends = (low, high, findings.last.t, line.target)
    return _by_place(first.comparisons), _by_place(second.comparisons), _Sizes(*(line.at(t)[name] for t in ends))


def _by_place(found: tuple[Comparison, ...]) -> dict[tuple[object, ...], Comparison]:
    return dict(_with_place(found))


def _with_place(found: tuple[Comparison, ...]) -> Iterator[tuple[tuple[object, ...], Comparison]]:
    seen: dict[tuple[object, ...], int] = {}
    for each in found:
        place = (each.filename, each.function, each.lineno, each.col, each.number, each.curve)
        seen[place] = seen.get(place, 0) + 1
        yield (*place, seen[place]), each


def _bisect(left: _Power, right: _Power, sizes: _Sizes) -> float:
    """Return the size at which two numbers change their order."""
    low, high = sizes.last, sizes.real
    before = left.is_below(right, low)
    for _ in range(_STEPS):
        middle = math.sqrt(low * high)
        if left.is_below(right, middle) == before:
            low = middle
        else:
            high = middle
    return high


def _shorten(value: float) -> float:
    return int(value) if value == int(value) else float(f"{value:.3g}")
