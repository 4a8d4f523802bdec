"""The parts that a prediction is made of, against figures worked out by hand."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ndmem
from ndmem.errors import SpecError
from ndmem.planning.fit import grow
from ndmem.planning.formula import write_polynomial
from ndmem.planning.line import Line, choose_line
from ndmem.planning.native import carry_native
from ndmem.planning.pace import carry_seconds
from ndmem.planning.pattern import looks_like_pattern, read_pattern

_ON_A_BUSY_MACHINE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
_LENGTHS = st.dictionaries(st.sampled_from("abc"), st.integers(0, 10**7), min_size=1)


def _product(lengths: dict[str, int]) -> int:
    return int(np.prod([float(length) for length in lengths.values()]))


@_ON_A_BUSY_MACHINE
@given(_LENGTHS)
def test_a_line_leads_to_the_real_size(lengths: dict[str, int]) -> None:
    """At its target a line has the real lengths, and smaller ones of the same residues before."""
    line = choose_line(lengths, _product)
    assert line.at(line.target) == lengths
    for t in range(min(line.target, 9)):
        at = line.at(t)
        assert all(0 <= at[name] <= lengths[name] for name in lengths)
        assert all(at[name] % 4 == lengths[name] % 4 for name in lengths)


@_ON_A_BUSY_MACHINE
@given(_LENGTHS)
def test_a_line_keeps_what_is_longer_longer(lengths: dict[str, int]) -> None:
    """A dimension that is longer than another one at the real size is not shorter at a small one."""
    line = choose_line(lengths, _product)
    names = sorted(lengths, key=lambda name: lengths[name])
    at = line.at(4 if line.target > 4 else 0)
    assert [at[name] for name in names] == sorted(at[name] for name in names)


@_ON_A_BUSY_MACHINE
@given(st.lists(st.integers(0, 1000), min_size=1, max_size=4), st.integers(1, 50), st.integers(1, 10**6))
def test_polynomials_are_carried_exactly(coefficients: list[int], step: int, target: int) -> None:
    """Sizes of a polynomial of degree 3 and less are carried to any size without an error, and called exact."""

    def value(t: int) -> int:
        return sum(c * t**power for power, c in enumerate(coefficients))

    ts = [step * t for t in (4, 5, 6, 7, 8)]
    if value(target) > 2**62:
        return
    grown = grow(Line({"n": 0}, {"n": 1}, target), ts, np.array([[value(t)] for t in ts]), target)
    assert grown.nbytes.tolist() == [value(target)]
    assert grown.exact.all()


def test_what_follows_no_polynomial_is_not_exact() -> None:
    """n·log n is carried approximately, and says so."""
    ts = [4000, 5000, 6000, 7000, 8000]
    sizes = np.array([[int(8 * t * np.log2(t))] for t in ts])
    grown = grow(Line({"n": 0}, {"n": 1}, 10**6), ts, sizes, 10**6)
    assert not grown.exact.any()
    assert grown.error[0] > 0.01


def test_a_rational_polynomial_is_exact_where_it_is_whole() -> None:
    """A triangle, n·(n + 1) / 2 elements, is carried exactly."""
    ts = [4, 5, 6, 7, 8]
    grown = grow(Line({"n": 0}, {"n": 1}, 1000), ts, np.array([[8 * t * (t + 1) // 2] for t in ts]), 1000)
    assert (grown.nbytes[0], bool(grown.exact[0])) == (4 * 1000 * 1001, True)


def test_formulas_are_written_as_people_write_them() -> None:
    """Highest terms first, with powers, products and signs."""
    terms = [(0, 0), (1, 0), (0, 1), (1, 1), (2, 0)]
    coefficients = [Fraction(288), Fraction(-144), Fraction(-144), Fraction(72), Fraction(0)]
    assert write_polynomial(("h", "w"), terms, coefficients) == "72·h·w ~ 144·h ~ 144·w + 288".replace(
        "~", "\N{MINUS SIGN}"
    )
    assert write_polynomial(("n",), [(0,), (2,)], [Fraction(0), Fraction(8)]) == "8·n²"
    assert write_polynomial(("n",), [(0,)], [Fraction(0)]) == "0"


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("f4[n, d]", (100, 8)),
        ("f8[n]", (100,)),
        ("f8[2*n + 1, n//3]", (201, 33)),
        ("i8[]", ()),
        ("complex128[n - d, 5]", (92, 5)),
        ("datetime64[ns][n]", (100,)),
    ],
)
def test_axes_are_expressions_of_dimensions(text: str, shape: tuple[int, ...]) -> None:
    """An axis is an integer, a dimension, a sum, a difference, a product or a whole quotient."""
    assert looks_like_pattern(text)
    assert read_pattern(text, {"n": 100, "d": 8}).at({"n": 100, "d": 8}).shape == shape


@pytest.mark.parametrize(
    "text", ["f8[n**2]", "f8[n/2]", "f8[f(n)]", "f8[n.real]", "f8[-n]", "f8[n//0]", "f8[d - n]", "f8[n n]"]
)
def test_other_axes_are_refused(text: str) -> None:
    """What is no length is refused in one line."""
    with pytest.raises(SpecError) as caught:
        read_pattern(text, {"n": 100, "d": 8})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["mean", "float64", "[n]", "x[n]", "hello [world]", "a" * 5000])
def test_other_texts_are_no_arrays(text: str) -> None:
    """A text that has no dtype in front of brackets is an argument like any other."""
    assert not looks_like_pattern(text)


def test_native_memory_is_carried_as_a_constant_and_a_product() -> None:
    """16·n² bytes and 2 MB that a library keeps are told apart, also where pages scatter by 50 kB."""
    line = Line({"n": 0}, {"n": 1}, 20_000)
    ts = (1000, 1500, 2000)
    found = [16 * t * t + 2_000_000 + off for t, off in zip(ts, (50_000, -50_000, 20_000), strict=True)]
    nbytes, scatter = carry_native(line, ts, found)
    assert nbytes == pytest.approx(16 * 20_000**2, rel=0.02)
    assert scatter < 0.01


def test_times_that_grow_with_the_square_go_on_so() -> None:
    """A time of 2 ms at n = 1000 that grew with n² is 2,000 s at a million."""
    times = [({"n": n}, 2e-9 * n * n) for n in (10, 50, 100, 400, 500, 600, 700, 800, 900, 1000)]
    assert carry_seconds(times, ["n"], {"n": 10**6}) == pytest.approx(2000, rel=0.02)


def test_dimensions_can_be_passed_as_numbers() -> None:
    """A dimension as an argument has its length; one that there is not is named."""
    dims = ndmem.dims(n=2e6, d=64)
    assert (dims["n"], dims.d.length, dict(dims)) == (2_000_000, 64, {"n": 2_000_000, "d": 64})
    with pytest.raises(AttributeError, match="'q'"):
        _ = dims.q
