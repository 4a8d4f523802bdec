"""Thresholds that are in no code, and curves, are found while small sizes run."""

import math
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ndmem
from ndmem.planning.strategy import schedule
from ndmem.planning.strategy.runs import extra_runs, ghost_run, largest_run

LIMITS = {"direct": 5_000_000}


class _Policy:
    direct = 5_000_000


@pytest.fixture
def only_small_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make no run that would meet the threshold: the code alone has to show it."""
    monkeypatch.setattr(schedule, "_CHEAP", -1)
    monkeypatch.setattr(schedule, "_CONFIRMING_NBYTES", 2**18)
    monkeypatch.setattr(extra_runs, "_MOST_EFFORT", -1)
    monkeypatch.setattr(largest_run, "_MOST_EFFORT", -1)
    monkeypatch.setattr(ghost_run, "_PROCESSOR_SHARE", -1)


def _by_dict(x: Any) -> Any:
    return x * 2.0 if len(x) < LIMITS["direct"] else np.concatenate([x, x, x])


def _by_attribute(x: Any) -> Any:
    return x * 2.0 if x.size < _Policy.direct else np.concatenate([x, x, x])


def _by_bytes(x: Any) -> Any:
    return x * 2.0 if x.nbytes // 8 < LIMITS["direct"] else np.concatenate([x, x, x])


def _by_product(x: Any) -> Any:
    n = len(x)
    return x * 2.0 if n * n < LIMITS["direct"] ** 2 else np.concatenate([x, x, x])


def _by_environment(x: Any) -> Any:
    return x * 2.0 if len(x) < int(os.environ["NDMEM_TEST_DIRECT"]) else np.concatenate([x, x, x])


def _by_cap(x: Any) -> Any:
    return x[: min(len(x), LIMITS["direct"])] * 2.0


@pytest.mark.usefixtures("only_small_sizes", "only_own_threads")
@pytest.mark.parametrize("function", [_by_dict, _by_attribute, _by_bytes, _by_product, _by_environment, _by_cap])
def test_a_threshold_that_no_code_has_makes_the_answer_rough(
    function: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each compares a size of 8 million with 5 million that small runs are below: rough, and the number is named."""
    monkeypatch.setenv("NDMEM_TEST_DIRECT", "5000000")
    found = ndmem.predict(function, "f8[n]", dims=ndmem.dims(n=8_000_000), native=False)
    assert found.confidence.value == "rough"
    assert "5,000,000" in found.reason or "25,000,000,000,000" in found.reason


@pytest.mark.usefixtures("only_small_sizes", "only_own_threads")
def test_a_threshold_above_the_real_size_raises_no_doubt() -> None:
    """4 million is below 5 million, as all small sizes are: all fit; NumPy makes 2.0 an array of 8 bytes."""
    found = ndmem.predict(_by_dict, "f8[n]", dims=ndmem.dims(n=4_000_000), native=False)
    assert (found.peak, found.confidence.value) == (32_000_008, "extrapolated exactly")


@pytest.mark.usefixtures("only_small_sizes", "only_own_threads")
def test_a_logarithm_of_a_size_is_doubted() -> None:
    """A width that is the logarithm of the length is the same at all small sizes here, and not a polynomial."""

    def widen(x: Any) -> Any:
        return np.zeros(len(x), f"V{8 + max(int(math.log10(len(x))), 6)}")

    found = ndmem.predict(widen, "f8[n]", dims=ndmem.dims(n=80_000_000), native=False)
    assert found.confidence.value == "rough"
    assert "log10 of a number that grows with the size" in found.reason


@pytest.mark.usefixtures("only_own_threads")
@pytest.mark.parametrize("function", [_by_dict, _by_attribute, _by_bytes, _by_product, _by_cap])
def test_a_threshold_within_reach_is_measured(function: Callable[[Any], Any]) -> None:
    """The largest run or the ghost run has the real peak at 8 million: 3·64 MB; 40 MB and 8 B with a cap."""
    found = ndmem.predict(function, "f8[n]", dims=ndmem.dims(n=8_000_000), native=False, timeout=60)
    assert found.peak == (40_000_008 if function is _by_cap else 192_000_000)
    assert found.confidence.value in ("measured", "verified"), found.reason
