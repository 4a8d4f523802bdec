"""Sizes as polynomials of the dimensions: ``72·h·w − 144·h − 144·w + 288``.

A polynomial of degree 3 in v variables is fixed by its values on a lattice of small steps, one variable or several of
them at a time. Two sizes more, and the real one, must come out right, for every buffer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from ndmem.errors import PredictionError

from .fit import find_patterns
from .match import match

if TYPE_CHECKING:
    from ndmem.model.columns import Int64s

    from .climb import Climbed
    from .ladder import Ladder
    from .match import Point

_DEGREE = 3
_MINUS = "\N{MINUS SIGN}"
_MOST_VARIABLES = 3
_MOST_TERMS = 8
_STEP = 8
_TIED = 8
"""Lengths that differ by less are one variable: an array of n beside one of n - 2."""

_LONGEST_S = 2.5


@dataclass(frozen=True, slots=True, eq=False)
class Formulas:
    """Every buffer's bytes as a polynomial.

    Attributes
    ----------
    names : tuple of str
        The variables.
    ties : dict of str to (str, int)
        Dimensions that are a variable plus a number.
    terms : tuple of tuple of int
        Exponents of the variables in each monomial.
    patterns : list of list of Fraction
        Coefficients, for each kind of buffer.
    kind : (births,) int64
        The kind of each buffer of the measured run.
    point : Point
        That run.
    """

    names: tuple[str, ...]
    ties: dict[str, tuple[str, int]]
    terms: tuple[tuple[int, ...], ...]
    patterns: list[list[Fraction]]
    kind: Int64s
    point: Point

    def sizes(self, lengths: Mapping[str, int]) -> Int64s:
        """Return the bytes of each buffer at other lengths."""
        values = [_monomial(term, [lengths[name] for name in self.names]) for term in self.terms]
        sizes = [sum((c * v for c, v in zip(row, values, strict=True) if c), Fraction(0)) for row in self.patterns]
        return np.array([max(int(size), 0) for size in sizes], np.int64)[self.kind]

    def write(self, counts: Mapping[int, int]) -> str | None:
        """Write the sum of so many buffers of each kind; ``None`` if it is too long to be read."""
        total = [Fraction(0)] * len(self.terms)
        for kind, count in counts.items():
            total = [have + count * more for have, more in zip(total, self.patterns[kind], strict=True)]
        return write_polynomial(self.names, self.terms, total)


def write_polynomial(
    names: Sequence[str], terms: Sequence[Sequence[int]], coefficients: Sequence[Fraction]
) -> str | None:
    """Write a polynomial, highest terms first."""
    parts = [(term, value) for term, value in zip(terms, coefficients, strict=True) if value]
    if len(parts) > _MOST_TERMS:
        return None
    parts.sort(key=lambda part: (-sum(part[0]), [-power for power in part[0]]))
    text = ""
    for term, value in parts:
        factors = [name + _power(power) for name, power in zip(names, term, strict=True) if power]
        number = str(abs(value)) if abs(value) != 1 or not factors else ""
        sign = (f" {_MINUS} " if value < 0 else " + ") if text else (_MINUS if value < 0 else "")
        text += sign + "·".join(filter(None, [number, *factors]))
    return text or "0"


def _power(power: int) -> str:
    return "" if power == 1 else "²" if power == 2 else "³"


def find_formulas(ladder: Ladder, climbed: Climbed) -> Formulas | None:
    """Find the polynomials; ``None`` where there are none, or they cannot be had in time."""
    names, ties = _choose_variables(ladder, climbed)
    point = climbed.points[-1]
    if not climbed.found.is_matched or not names or len(names) > _MOST_VARIABLES:
        return None
    lattice = [steps for steps in product(range(_DEGREE + 1), repeat=len(names)) if sum(steps) <= _DEGREE]
    spare = [tuple([_DEGREE + 1] + [0] * (len(names) - 1)), tuple([2] * len(names))]
    base = climbed.points[0].lengths
    takes = (climbed.points[0].seconds + 0.002) * (len(lattice) + 2)
    if takes > min(_LONGEST_S, ladder.left() * 0.5):
        return None
    try:
        runs = [ladder.measure_at(_shift(base, names, ties, steps)) for steps in (*lattice, *spare)]
    except PredictionError:
        return None
    if not match([*runs, point]):
        return None
    sizes = np.stack([run.run.nbytes for run in runs])
    checked = climbed.found.sizes if climbed.real is None else None
    return _solve(names, ties, lattice, runs, sizes, point, checked, ladder.arguments.lengths)


def _choose_variables(ladder: Ladder, climbed: Climbed) -> tuple[tuple[str, ...], dict[str, tuple[str, int]]]:
    """Return the dimensions to vary, and those that follow one of them."""
    lengths = ladder.arguments.lengths
    scaled = {name for name, step in ladder.line.step.items() if step}
    names: list[str] = []
    ties: dict[str, tuple[str, int]] = {}
    for name in sorted(lengths, key=lambda name: (name not in scaled, -lengths[name])):
        near = next(
            (other for other in names if abs(lengths[name] - lengths[other]) < _TIED and lengths[name] > _TIED), None
        )
        if near is not None and ladder.line.step[near] == ladder.line.step[name]:
            ties[name] = (near, lengths[name] - lengths[near])
        elif name in scaled or (lengths[name] >= _TIED and len(names) < _MOST_VARIABLES):
            names.append(name)
    return tuple(name for name in lengths if name in names), ties


def _shift(
    base: Mapping[str, int], names: Sequence[str], ties: Mapping[str, tuple[str, int]], steps: Sequence[int]
) -> dict[str, int]:
    lengths = dict(base)
    for name, step in zip(names, steps, strict=True):
        lengths[name] += _STEP * step
    for name, (other, offset) in ties.items():
        lengths[name] = lengths[other] + offset
    return lengths


def _solve(
    names: tuple[str, ...],
    ties: dict[str, tuple[str, int]],
    lattice: Sequence[tuple[int, ...]],
    runs: Sequence[Point],
    sizes: Int64s,
    point: Point,
    checked: Int64s | None,
    real: Mapping[str, int],
) -> Formulas | None:
    """Solve for the coefficients, and hold them against the runs that they were not made from."""
    base = tuple(runs[0].lengths[name] for name in names)
    inverse = _invert(base, tuple(lattice))
    stacked = np.vstack([sizes, point.run.nbytes, *([] if checked is None else [checked])])
    first, kind = find_patterns(stacked)
    columns = stacked[:, first].T.tolist()
    others = [run.lengths for run in runs[len(lattice) :]] + [point.lengths] + ([] if checked is None else [real])
    values = [[_monomial(term, [lengths[name] for name in names]) for term in lattice] for lengths in others]
    patterns = []
    for column in columns:
        row = [sum((a * b for a, b in zip(line, column, strict=False) if b), Fraction(0)) for line in inverse]
        for known, monomials in zip(column[len(lattice) :], values, strict=True):
            if sum(c * m for c, m in zip(row, monomials, strict=True) if c) != known:
                return None
        patterns.append(row)
    return Formulas(names, ties, tuple(lattice), patterns, kind, point)


def _monomial(term: Sequence[int], values: Sequence[int]) -> int:
    result = 1
    for power, value in zip(term, values, strict=True):
        result *= value**power
    return result


@lru_cache(maxsize=8)
def _invert(base: tuple[int, ...], lattice: tuple[tuple[int, ...], ...]) -> list[list[Fraction]]:
    """Return what makes coefficients of the values on the lattice, exactly."""
    rows = [
        [Fraction(_monomial(term, [b + _STEP * s for b, s in zip(base, steps, strict=True)])) for term in lattice]
        for steps in lattice
    ]
    size = len(rows)
    work = [row + [Fraction(int(i == j)) for j in range(size)] for i, row in enumerate(rows)]
    for i in range(size):
        pivot = next(j for j in range(i, size) if work[j][i])
        work[i], work[pivot] = work[pivot], work[i]
        scale = work[i][i]
        work[i] = [value / scale for value in work[i]]
        for j in range(size):
            if j != i and work[j][i]:
                factor = work[j][i]
                work[j] = [a - factor * b for a, b in zip(work[j], work[i], strict=True)]
    return [row[size:] for row in work]
