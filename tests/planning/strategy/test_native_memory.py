"""Native memory is extrapolated as a constant and a product of dimensions."""

import pytest

from ndmem.planning.extrapolation.size_line import Line
from ndmem.planning.strategy.native_memory import extrapolate_native


def test_a_constant_and_a_product_are_distinguished() -> None:
    """16·n² bytes and 2 MB that a library keeps are separated, also if pages scatter by 50 kB."""
    line = Line({"n": 0}, {"n": 1}, 20_000)
    ts = (1000, 1500, 2000)
    found = [16 * t * t + 2_000_000 + off for t, off in zip(ts, (50_000, -50_000, 20_000), strict=True)]
    nbytes, scatter = extrapolate_native(line, ts, found)
    assert nbytes == pytest.approx(16 * 20_000**2, rel=0.02)
    assert scatter < 0.01
