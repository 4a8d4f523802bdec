"""Benchmarks for asv."""

import numpy as np
import pytest

from ndmem.integrations.asv import array_peak


class Suite:
    """A class of benchmarks as asv finds it."""

    params = (1000, 2000)

    def setup(self, n: int) -> None:
        """Make an array that does not count."""
        self.table = np.empty(n, "u1")

    @array_peak
    def track_peak_double(self, n: int) -> None:
        """Allocate as much again."""
        assert len(self.table.copy()) == n


def test_a_benchmark_returns_the_peak_of_its_body() -> None:
    """The value is the peak of the body in bytes, the unit says so, and arrays of setup do not count."""
    for n in (1000, 100_000):
        suite = Suite()
        suite.setup(n)
        assert suite.track_peak_double(n) == n
    assert Suite.track_peak_double.unit == "bytes"  # type: ignore[attr-defined]  # asv reads it
    assert Suite.track_peak_double.__name__ == "track_peak_double"


def test_an_exception_of_the_body_leaves_it() -> None:
    """A benchmark that fails fails as without ndmem, and the next one is measured."""

    @array_peak
    def track_item(found: dict[str, int], name: str) -> None:
        np.empty(found[name], "u1")

    with pytest.raises(KeyError):
        track_item({}, "a")
    assert track_item({"a": 1000}, "a") == 1000
