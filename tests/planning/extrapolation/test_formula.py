"""Formulas are the polynomials that they are written as."""

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndmem.planning.extrapolation.formula import (
    Formulas,
    Variables,
    choose_variables,
    find_formulas,
    write_polynomial,
)
from ndmem.planning.extrapolation.match import StackNumbers
from ndmem.planning.extrapolation.size_line import Line

from .synthetic import make_point

_MINUS = "\N{MINUS SIGN}"


def test_polynomials_are_written_highest_terms_first() -> None:
    """Powers, products and signs are as a person writes them."""
    terms = [(0, 0), (1, 0), (0, 1), (1, 1), (2, 0)]
    coefficients = [Fraction(288), Fraction(-144), Fraction(-144), Fraction(72), Fraction(0)]
    written = write_polynomial(("h", "w"), terms, coefficients)
    assert written == f"72·h·w {_MINUS} 144·h {_MINUS} 144·w + 288"
    assert write_polynomial(("n",), [(0,), (2,)], [Fraction(0), Fraction(8)]) == "8·n²"
    assert write_polynomial(("n",), [(0,)], [Fraction(0)]) == "0"
    assert write_polynomial(("n",), [(1,), (3,)], [Fraction(-1), Fraction(1, 2)]) == f"1/2·n³ {_MINUS} n"


def test_long_polynomials_are_not_written() -> None:
    """More than eight terms are not readable."""
    terms = [(i, j) for i in range(3) for j in range(3)]
    assert write_polynomial(("n", "m"), terms, [Fraction(1)] * 9) is None


def _evaluate(text: str, values: dict[str, int]) -> Fraction:
    """Evaluate a written polynomial, by Python's own arithmetic."""
    text = text.replace(_MINUS, "-").replace("·", "*").replace("²", "**2").replace("³", "**3")
    text = "".join(f"Fraction({part})" if part.isdigit() else part for part in _split_numbers(text))
    return Fraction(eval(text, {"Fraction": Fraction, **values}))


def _split_numbers(text: str) -> list[str]:
    parts, number = [], ""
    for i, letter in enumerate(text):
        if letter.isdigit() and text[max(i - 2, 0) : i] != "**":
            number += letter
        else:
            parts += [number, letter]
            number = ""
    return [part for part in (*parts, number) if part]


@given(
    st.dictionaries(
        st.sampled_from([(0, 0), (1, 0), (0, 1), (1, 1), (2, 1), (3, 0)]), st.fractions(-1000, 1000, max_denominator=12)
    ),
    st.integers(0, 1000),
    st.integers(0, 1000),
)
def test_written_polynomials_have_their_value(terms: dict[tuple[int, int], Fraction], h: int, w: int) -> None:
    """The text, evaluated as arithmetic, is the polynomial."""
    written = write_polynomial(("h", "w"), list(terms), list(terms.values()))
    assert written is not None
    value = sum((c * h**i * w**j for (i, j), c in terms.items()), Fraction(0))
    assert _evaluate(written, {"h": h, "w": w}) == value


def _runs(variables: Variables, base: dict[str, int], size: object) -> Formulas | None:
    """Find formulas from runs with one buffer of this size and one of 8·h bytes."""
    numbers = StackNumbers()

    def run(lengths: dict[str, int]) -> object:
        steps = [("+", "f", size(lengths)), ("+", "g", 8 * lengths["h"]), ("-", "g", 0)]  # type: ignore[operator]
        return make_point(-1, steps, numbers, lengths=lengths)

    points = [run(variables.shift(base, steps)) for steps in variables.steps]
    last = run({"h": 101, "w": 203})
    real = {"h": 10_000, "w": 1000}
    expected = np.array([size(real), 80_000])  # type: ignore[operator]
    return find_formulas(variables, points, last, expected, real)  # type: ignore[arg-type]


@given(st.lists(st.integers(0, 20), min_size=10, max_size=10))
def test_formulas_are_recovered_from_runs(coefficients: list[int]) -> None:
    """A polynomial of degree 3 in two dimensions is recovered from runs, and gives sizes and the peak elsewhere."""
    variables = Variables(("h", "w"), {})

    def size(lengths: dict[str, int]) -> int:
        h, w = lengths["h"], lengths["w"]
        return sum(c * h**i * w**j for c, (i, j) in zip(coefficients, variables.lattice, strict=True))

    found = _runs(variables, {"h": 40, "w": 48}, size)
    assert found is not None
    there = {"h": 77, "w": 1234}
    assert found.sizes(there).tolist() == [size(there), 8 * 77]
    assert found.peak(there) == size(there) + 8 * 77
    written = found.write(Counter({int(found.kind[0]): 1}))
    if written is not None:
        assert _evaluate(written, there) == size(there)


@pytest.mark.parametrize(
    "size", [lambda at: at["h"] ** 4, lambda at: at["h"] // 3 * 8, lambda at: 2 ** (at["w"] // 64)]
)
def test_what_is_not_a_polynomial_has_no_formula(size: object) -> None:
    """A size that no polynomial of degree 3 reproduces at the spare runs has no formula."""
    assert _runs(Variables(("h", "w"), {}), {"h": 40, "w": 48}, size) is None


def test_runs_of_another_structure_have_no_formula() -> None:
    """Formulas need runs that match."""
    variables = Variables(("h",), {})
    points = [make_point(-1, [("+", "f", 8)], lengths={"h": 40 + 8 * i}) for i in range(len(variables.steps))]
    other = make_point(-1, [("+", "f", 8), ("+", "f", 8)], lengths={"h": 100})
    assert find_formulas(variables, points, other, None, {"h": 1000}) is None


def test_lengths_that_are_nearly_the_same_are_one_variable() -> None:
    """An axis of n - 2 follows n; its length is the variable's plus a constant."""
    line = Line({"n": 40, "m": 38}, {"n": 8, "m": 8}, 100)
    variables = choose_variables(line, line.at(100))
    assert variables == Variables(("n",), {"m": ("n", -2)})
    assert variables.shift({"n": 40, "m": 38}, (2,)) == {"n": 56, "m": 54}


def test_four_long_dimensions_are_too_many() -> None:
    """Three dimensions are varied at most."""
    start = dict.fromkeys("abcd", 40)
    line = Line(start, {"a": 8, "b": 16, "c": 24, "d": 32}, 100)
    assert choose_variables(line, line.at(100)) is None
