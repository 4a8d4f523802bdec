"""Sizes as polynomials of the dimensions: ``72·h·w − 144·h − 144·w + 288``.

The values on a lattice of small steps, in one variable or several at a time, determine a polynomial of degree 3. It has
to reproduce two more sizes and the real one, for every buffer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from .match import live_bytes, match, stack_sizes
from .polynomials import find_patterns

if TYPE_CHECKING:
    from ndmem.model.columns import Int64s

    from .match import Point
    from .size_line import Line

_DEGREE = 3
_MINUS = "\N{MINUS SIGN}"
_MOST_VARIABLES = 3
_MOST_TERMS = 8
_STEP = 8
_TIED = 8
"""Lengths that differ by less are one variable: an array of n beside one of n - 2."""


@dataclass(frozen=True, slots=True)
class Variables:
    """The dimensions that are varied.

    Attributes
    ----------
    names : tuple of str
        The variables.
    ties : dict of str to (str, int)
        Dimensions that are a variable plus a constant.
    """

    names: tuple[str, ...]
    ties: dict[str, tuple[str, int]]

    @property
    def lattice(self) -> tuple[tuple[int, ...], ...]:
        """Steps of each variable that determine a polynomial; also the exponents of its monomials."""
        steps = product(range(_DEGREE + 1), repeat=len(self.names))
        return tuple(each for each in steps if sum(each) <= _DEGREE)

    @property
    def steps(self) -> tuple[tuple[int, ...], ...]:
        """Steps at which to measure: the lattice, and two that the polynomial has to reproduce."""
        return *self.lattice, (_DEGREE + 1, *[0] * (len(self.names) - 1)), tuple([2] * len(self.names))

    def shift(self, base: Mapping[str, int], steps: Sequence[int]) -> dict[str, int]:
        """Return lengths this many steps from the base; tied dimensions follow their variable."""
        lengths = dict(base)
        for name, step in zip(self.names, steps, strict=True):
            lengths[name] += _STEP * step
        for name, (other, offset) in self.ties.items():
            lengths[name] = lengths[other] + offset
        return lengths


@dataclass(frozen=True, slots=True, eq=False)
class Formulas:
    """The bytes of every buffer as a polynomial.

    Attributes
    ----------
    variables : Variables
        The dimensions that are varied; its lattice has the exponents of each monomial.
    patterns : list of list of Fraction
        Coefficients, for each kind of buffer.
    kind : (births,) int64
        The kind of each buffer of the measured run.
    point : Point
        The measured run.
    """

    variables: Variables
    patterns: list[list[Fraction]]
    kind: Int64s
    point: Point

    def sizes(self, lengths: Mapping[str, int]) -> Int64s:
        """Return the bytes of each buffer at other lengths."""
        values = [_monomial(term, [lengths[name] for name in self.variables.names]) for term in self.variables.lattice]
        sizes = [sum((c * v for c, v in zip(row, values, strict=True) if c), Fraction(0)) for row in self.patterns]
        return np.array([max(int(size), 0) for size in sizes], np.int64)[self.kind]

    def peak(self, lengths: Mapping[str, int]) -> int:
        """Return the highest live bytes at other lengths."""
        return int(live_bytes(self.point.events, self.sizes(lengths)).max(initial=0))

    def write(self, counts: Mapping[int, int]) -> str | None:
        """Write the sum of this many buffers of each kind; ``None`` if it has too many terms to be readable."""
        terms = self.variables.lattice
        total = [Fraction(0)] * len(terms)
        for kind, count in counts.items():
            total = [have + count * more for have, more in zip(total, self.patterns[kind], strict=True)]
        return write_polynomial(self.variables.names, terms, total)


def write_polynomial(
    names: Sequence[str], terms: Sequence[Sequence[int]], coefficients: Sequence[Fraction]
) -> str | None:
    """Write a polynomial, highest terms first; ``None`` if it has too many terms to be readable."""
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


def find_formulas(
    variables: Variables, runs: Sequence[Point], point: Point, expected: Int64s | None, real: Mapping[str, int]
) -> Formulas | None:
    """Find the polynomials that reproduce every run.

    Parameters
    ----------
    variables : Variables
        The variables.
    runs : sequence of Point
        One run for each of `Variables.steps`.
    point : Point
        Another run that the polynomials have to reproduce; its buffers are those of the result.
    expected : (births,) int64, or None
        Bytes of each buffer at the real size, if they are known.
    real : mapping of str to int
        The real size.

    Returns
    -------
    Formulas or None
        ``None`` if the runs differ in structure, or a buffer is not a polynomial.
    """
    if not match([*runs, point]):
        return None
    names, lattice = variables.names, variables.lattice
    base = tuple(runs[0].lengths[name] for name in names)
    inverse = _invert(base, lattice)
    checks = [(run.nbytes, run.lengths) for run in (*runs[len(lattice) :], point)]
    if expected is not None:
        checks.append((expected, dict(real)))
    stacked = np.vstack([stack_sizes(runs[: len(lattice)]), *(nbytes for nbytes, _ in checks)])
    first, kind = find_patterns(stacked)
    values = [[_monomial(term, [lengths[name] for name in names]) for term in lattice] for _, lengths in checks]
    patterns = []
    for column in stacked[:, first].T.tolist():
        row = [sum((a * b for a, b in zip(line, column, strict=False) if b), Fraction(0)) for line in inverse]
        for known, monomials in zip(column[len(lattice) :], values, strict=True):
            if sum(c * m for c, m in zip(row, monomials, strict=True) if c) != known:
                return None
        patterns.append(row)
    return Formulas(variables, patterns, kind, point)


def choose_variables(line: Line, lengths: Mapping[str, int]) -> Variables | None:
    """Choose the dimensions to vary; ``None`` if there are none, or more than three.

    Parameters
    ----------
    line : Line
        The line of sizes.
    lengths : mapping of str to int
        The real size.
    """
    scaled = set(line.scaled())
    chosen: list[str] = []
    ties: dict[str, tuple[str, int]] = {}
    for name in sorted(lengths, key=lambda name: (name not in scaled, -lengths[name])):
        near = next(
            (other for other in chosen if abs(lengths[name] - lengths[other]) < _TIED and lengths[name] > _TIED), None
        )
        if near is not None and line.step[near] == line.step[name]:
            ties[name] = (near, lengths[name] - lengths[near])
        elif name in scaled or (lengths[name] >= _TIED and len(chosen) < _MOST_VARIABLES):
            chosen.append(name)
    if not chosen or len(chosen) > _MOST_VARIABLES:
        return None
    return Variables(tuple(name for name in lengths if name in chosen), ties)


def _monomial(term: Sequence[int], values: Sequence[int]) -> int:
    result = 1
    for power, value in zip(term, values, strict=True):
        result *= value**power
    return result


@lru_cache(maxsize=8)
def _invert(base: tuple[int, ...], lattice: tuple[tuple[int, ...], ...]) -> list[list[Fraction]]:
    """Return the matrix that maps the values on the lattice to the coefficients, in exact fractions."""
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
