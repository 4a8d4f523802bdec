"""The real size runs as a ghost by default, and its peak counts only where values do not change sizes."""

from typing import Any

import numpy as np
import pytest

import ndmem
from ndmem.planning.strategy import schedule
from ndmem.planning.strategy.runs import extra_runs, ghost_run, largest_run


@pytest.fixture(autouse=True)
def _no_real_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the real size to the ghost."""
    monkeypatch.setattr(schedule, "_CHEAP", -1)
    monkeypatch.setattr(extra_runs, "_MOST_EFFORT", -1)
    monkeypatch.setattr(largest_run, "_MEMORY_SHARE", 0.1)


def _predict(function: Any, *args: Any, **dims: int) -> ndmem.Prediction:
    return ndmem.predict(function, *args, dims=ndmem.dims(**dims), native=False, timeout=60)


def test_a_ghost_that_agrees_verifies() -> None:
    """A product of 40 million doubles needs 320 MB and 8 bytes for the number: the ghost run says the same."""
    found = _predict(lambda x: x * 2.0, "f8[n]", n=40_000_000)
    assert (found.peak, found.label, found.not_examined) == (320_000_008, "verified", ())


def test_a_ghost_that_differs_makes_it_rough_and_is_right() -> None:
    """One more digit at the real size: 10 million texts of eight characters, not of seven, 4 bytes each."""

    def digits(n: int) -> Any:
        return np.zeros(n, f"U{len(repr(n))}")

    found = _predict(digits, ndmem.dims(n=10_000_000).n, n=10_000_000)
    assert (found.peak, found.confidence.value) == (320_000_000, "rough")
    assert found.interval[0] <= 320_000_000 <= found.interval[1]
    assert "a ghost run of the real size needs 305 MiB" in found.reason


@pytest.mark.long
def test_a_ghost_whose_values_change_sizes_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three million different values repeat in a ghost's window; small runs had them once, and eight times: 9·8·n."""
    monkeypatch.setattr(ghost_run, "_PROCESSOR_SHARE", 1.0)  # sorting takes a different part on each machine

    def make(n: int) -> Any:
        return (np.random.default_rng(1).permutation(n),)

    def spread(x: Any) -> Any:
        return np.repeat(np.unique(x), 8)

    found = ndmem.predict(spread, make=make, dims=ndmem.dims(n=3_000_000), native=False, timeout=60)
    assert found.confidence.value != "verified"
    assert found.peak == pytest.approx(9 * 8 * 3_000_000, rel=0.01)
    assert "the values of its arrays change its sizes" in found.reason


def test_a_function_that_a_ghost_breaks_is_predicted() -> None:
    """Values that make the function fail as a ghost are no obstacle; what was not examined says so."""

    def check(x: Any) -> Any:
        if len(x) > 20_000_000 and x[2**17] == x[0]:  # the window of a ghost begins again after 1 MiB
            raise ValueError("a value appears twice")
        return x * 2.0

    found = _predict(check, "f8[n]", n=40_000_000)
    assert found.peak == 320_000_008
    assert "the real size failed as a ghost" in found.not_examined[0]
