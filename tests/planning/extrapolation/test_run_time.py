"""Costs are extrapolated as an overhead plus a multiple of a product of dimensions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndmem.planning.extrapolation.run_time import extrapolate_cost

_LENGTHS = (10, 50, 100, 400, 500, 600, 700, 800, 900, 1000)


def test_times_that_grow_with_the_square_go_on_so() -> None:
    """A time of 2 ms at n = 1000 that grew with n² is 2,000 s at a million."""
    times = [({"n": n}, 2e-9 * n * n) for n in _LENGTHS]
    assert extrapolate_cost(times, ["n"], {"n": 10**6}) == pytest.approx(2000, rel=0.02)


def test_a_delayed_run_changes_nothing() -> None:
    """One run of five that took ten times as long does not change the estimate."""
    times = [({"n": n}, 1e-6 * n * (10 if n == 800 else 1)) for n in _LENGTHS]
    assert extrapolate_cost(times, ["n"], {"n": 10**6}) == pytest.approx(1.0, rel=0.02)


def test_the_product_that_fits_is_chosen() -> None:
    """A cost of n·m is carried on as n·m where m does not grow as n does."""
    costs = [({"n": n, "m": 1000 + n}, 0.5 + n * (1000 + n) * 1e-3) for n in _LENGTHS]
    found = extrapolate_cost(costs, ["n", "m"], {"n": 10**5, "m": 200_000})
    assert found == pytest.approx(2e7, rel=0.05)


@given(st.floats(1e-3, 1e3), st.integers(2000, 10**6))
def test_a_constant_cost_stays(cost: float, n: int) -> None:
    """A cost that did not grow does not grow."""
    assert extrapolate_cost([({"n": k}, cost) for k in _LENGTHS], ["n"], {"n": n}) == pytest.approx(cost, rel=0.01)
