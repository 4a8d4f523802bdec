"""Functions that accept only some lengths."""

from typing import Any

import numpy as np
import pytest

import ndmem
from ndmem.planning.strategy.runs import largest_run
from ndmem.planning.strategy.runs.divisors import find_divisors


def _powers(x: Any) -> Any:
    if len(x) & (len(x) - 1):
        raise ValueError(len(x))
    return x * 2.0


def _squares(x: Any) -> Any:
    root = int(len(x) ** 0.5)
    return x.reshape(root, root).T.copy()


def _blocks(x: Any) -> Any:
    return x.reshape(1000, -1) * 2.0


_CASES = {
    "powers of two": (_powers, 2**20, 2**28),
    "perfect squares": (_squares, 1000**2, 4**14),
    "multiples of a block": (_blocks, 1_000_000, 8_000_000),
}


@pytest.mark.long
@pytest.mark.parametrize(("function", "short", "long"), _CASES.values(), ids=_CASES)
def test_lengths_with_a_property_are_predicted(
    function: Any, short: int, long: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real size is run if it is 8 MB, else estimated from its divisors: one array as large as the argument."""
    found = ndmem.predict(function, "f8[n]", dims=ndmem.dims(n=short), native=False)
    assert found.confidence.value == "measured"
    assert found.peak == pytest.approx(8 * short, abs=16)
    monkeypatch.setattr(largest_run, "_MOST_EFFORT", -1)
    found = ndmem.predict(function, "f8[n]", dims=ndmem.dims(n=long), native=False)
    assert found.confidence.value != "measured"
    assert found.peak == pytest.approx(8 * long, abs=16)


def test_a_real_argument_is_measured_where_small_ones_fail() -> None:
    """A function of an array that exists, and accepts only its length, is run with a copy of it."""
    x = np.zeros(1_000_003)

    def picky(y: Any) -> Any:
        assert len(y) == 1_000_003
        return y + 1.0

    found = ndmem.predict(picky, x, native=False)
    assert found.peak == pytest.approx(x.nbytes, abs=16)
    assert found.confidence.value == "measured"


def test_samples_with_all_values_give_way_to_shorter_ones() -> None:
    """A function of all pairs is measured at small sizes, though 3000 different integers ask for long samples."""
    x = np.random.default_rng(1).integers(0, 3000, 600_000)
    found = ndmem.predict(lambda y: y[:, None] * y, x, native=False)
    assert found.peak == 8 * 600_000**2


@pytest.mark.long
def test_a_function_that_always_fails_reports_its_first_error() -> None:
    """The error names the smallest size, whichever sizes were tried after it."""

    def fails(x: Any) -> Any:
        raise ValueError(len(x))

    for length in (2**20, 2**30, 10**9 + 7):
        with pytest.raises(ndmem.PredictionError, match=r"fails at small sizes \(n=\d\d\)"):
            ndmem.predict(fails, "f8[n]", dims=ndmem.dims(n=length), native=False)


def test_divisors_have_the_same_factors() -> None:
    """Lengths at powers of four of the line are the real ones divided by powers of four; short ones stay."""
    line = find_divisors({"n": 4**12 * 3, "m": 4**9, "k": 5})
    assert line is not None
    assert line.at(line.target) == {"n": 4**12 * 3, "m": 4**9, "k": 5}
    assert line.at(line.target // 16) == {"n": 4**10 * 3, "m": 4**7, "k": 5}
    assert find_divisors({"n": 10**9 + 7}) is None
    assert find_divisors({"n": 4**12, "m": 1001}) is None
