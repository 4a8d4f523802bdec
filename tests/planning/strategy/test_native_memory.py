"""Native memory is taken from runs that are made anyway, and extrapolated as a constant and a product of dimensions."""

import math
import sys
from typing import Any

import numpy as np
import pytest

import ndmem
from ndmem.planning.extrapolation.size_line import Line
from ndmem.planning.strategy.native_memory import extrapolate_native, list_smooth
from ndmem.planning.worker.process import forked
from ndmem.planning.worker.protocol import Answer, Request


def test_a_constant_and_a_product_are_distinguished() -> None:
    """16·n² bytes and 2 MB that a library keeps are separated, also if pages scatter by 50 kB."""
    line = Line({"n": 0}, {"n": 1}, 20_000)
    ts = (1000, 1500, 2000)
    found = [16 * t * t + 2_000_000 + off for t, off in zip(ts, (50_000, -50_000, 20_000), strict=True)]
    nbytes, scatter = extrapolate_native(line, ts, found)
    assert nbytes == pytest.approx(16 * 20_000**2, rel=0.02)
    assert scatter < 0.01


def test_smooth_numbers_divide_a_power_of_all_small_primes() -> None:
    """A number up to 3000 is listed if and only if it divides (2·3·5·7)¹²: none has a prime factor twelve times."""
    assert list_smooth(3000) == [n for n in range(1, 3001) if math.gcd(n, 210**12) == n]


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read as Linux counts it")
def test_no_run_is_made_for_native_memory_that_the_largest_run_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sum of products has no native memory; resident memory is read in one run, which records arrays as well."""
    requests: list[Request] = []
    ask = forked.Child.ask

    def note(self: Any, request: Request, *args: Any, **options: Any) -> Answer:
        requests.append(request)
        return ask(self, request, *args, **options)

    monkeypatch.setattr(forked.Child, "ask", note)
    found = ndmem.predict(lambda x: np.sum(x * 2.0), "f8[n]", dims=ndmem.dims(n=200_000_000), timeout=60)
    assert found.native == 0
    with_rss = [request.lengths["n"] for request in requests if request.with_rss]
    assert with_rss == [max(request.lengths["n"] for request in requests if request.ask.value == "measure")]
