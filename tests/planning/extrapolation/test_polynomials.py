"""Sizes are extrapolated exactly if they are polynomials, and approximately if not."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ndmem.planning.extrapolation.polynomials import extrapolate_sizes, find_patterns, multiply
from ndmem.planning.extrapolation.size_line import Line


def _line(target: int) -> Line:
    return Line({"n": 0}, {"n": 1}, target)


_POSITIONS = st.sampled_from([(4, 5, 6, 7, 8), (1, 4, 16, 64, 256), (1, 2, 3, 5, 8)])


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=4), st.integers(1, 50), st.integers(1, 10**6), _POSITIONS)
def test_polynomials_are_exact(coefficients: list[int], step: int, target: int, positions: tuple[int, ...]) -> None:
    """A polynomial of degree 3 or less is recovered from five values, at any target, and called exact."""

    def value(t: int) -> int:
        return sum(c * t**power for power, c in enumerate(coefficients))

    assume(value(target) <= 2**62)
    ts = [step * t for t in positions]
    found = extrapolate_sizes(_line(target), ts, np.array([[value(t)] for t in ts]), target)
    assert (found.nbytes.tolist(), found.exact.tolist(), found.error.tolist()) == ([value(target)], [True], [0.0])


def test_levels_of_a_tree_are_not_exact() -> None:
    """The logarithm of positions that are powers of four is evenly spaced, and not a polynomial of them."""
    found = extrapolate_sizes(_line(4**12), [1, 4, 16, 64, 256], np.array([[8], [16], [24], [32], [40]]), 4**12)
    assert not found.exact[0]


@given(st.integers(0, 3), st.integers(9, 10**5))
def test_polynomials_with_fractions_are_exact(degree: int, target: int) -> None:
    """Binomial coefficients, integers of polynomials with fractions, are recovered: 8 bytes for each of n over k."""
    ts = [4, 5, 6, 7, 8]
    found = extrapolate_sizes(_line(target), ts, np.array([[8 * comb(t, degree)] for t in ts]), target)
    assert (found.nbytes.tolist(), found.exact.tolist()) == ([8 * comb(target, degree)], [True])


@given(st.lists(st.integers(0, 10**6), min_size=5, max_size=5), st.integers(9, 1000))
def test_only_polynomials_are_exact(values: list[int], target: int) -> None:
    """Five values are exact if, and only if, they lie on a polynomial of degree 3 with an integer at the target."""
    ts = [4, 5, 6, 7, 8]
    found = extrapolate_sizes(_line(target), ts, np.array(values)[:, None], target)

    # Lagrange's formula through four of the five.
    def through_four(at: int) -> Fraction:
        total = Fraction(0)
        for i in range(4):
            term = Fraction(values[i])
            for j in range(4):
                if j != i:
                    term *= Fraction(at - ts[j], ts[i] - ts[j])
            total += term
        return total

    expected = through_four(target)
    fits = through_four(ts[4]) == values[4] and expected.denominator == 1 and 0 <= expected <= 2**62
    assert bool(found.exact[0]) is fits
    if fits:
        assert int(found.nbytes[0]) == expected


@given(st.integers(2, 3), st.integers(1, 1000), st.integers(2000, 10**6))
def test_one_size_stays_spare(count: int, slope: int, target: int) -> None:
    """Of two or three runs, only constants or lines are exact: a parabola through three points proves nothing."""
    ts = list(range(4, 4 + count))
    squares = np.array([[slope * t * t] for t in ts])
    assert not extrapolate_sizes(_line(target), ts, squares, target).exact.any()
    constant = extrapolate_sizes(_line(target), ts, np.full((count, 1), slope), target)
    assert (constant.nbytes.tolist(), constant.exact.tolist()) == ([slope], [True])


def test_other_growth_is_approximate() -> None:
    """n·log n is not exact, and its error is said to be more than 1 %."""
    ts = [4000, 5000, 6000, 7000, 8000]
    found = extrapolate_sizes(_line(10**6), ts, np.array([[int(8 * t * np.log2(t))] for t in ts]), 10**6)
    assert not found.exact.any()
    assert found.error[0] > 0.01


def test_scatter_around_a_product_is_averaged() -> None:
    """16·n² with a scatter of some bytes is 16 times a million squared within its error."""
    ts = [400, 500, 600, 700, 800]
    sizes = np.array([[16 * t * t + off] for t, off in zip(ts, (80, -80, 40, -40, 0), strict=True)])
    found = extrapolate_sizes(_line(10**6), ts, sizes, 10**6)
    assert not found.exact[0]
    assert found.nbytes[0] == pytest.approx(16 * 10**12, rel=max(float(found.error[0]), 1e-3))


@given(st.lists(st.lists(st.integers(0, 2**40), min_size=3, max_size=3), min_size=1, max_size=20))
def test_equal_columns_are_one_pattern(columns: list[list[int]]) -> None:
    """Each column equals the chosen column of its kind, and there are as many kinds as different columns."""
    sizes = np.array(columns).T
    first, kind = find_patterns(sizes)
    assert np.array_equal(sizes[:, first][:, kind], sizes)
    assert len(first) == len({tuple(column) for column in columns})


def test_products_of_dimensions() -> None:
    """A term may name a dimension several times; the empty term is 1."""
    assert multiply({"n": 3, "m": 5}, ("n", "n", "m")) == 45
    assert multiply({"n": 3}, ()) == 1
