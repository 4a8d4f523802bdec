"""`ndmem.testing.assert_peak_below`, as a block and as a decorator."""

import unittest

import numpy as np
import pytest

import ndmem
from ndmem.testing import assert_peak_below

kept: list[object] = []


def test_the_limit_is_exact() -> None:
    """A block at its limit passes, and one byte more fails; the figures are there afterwards."""
    with assert_peak_below(1000) as found:
        np.empty(1000, "u1")
    assert (found.peak, found.kept) == (1000, 0)
    message = r"^1001 B of arrays > limit 1000 B\nassert_peak_below\(1000\): highest"
    with pytest.raises(AssertionError, match=message), assert_peak_below(1000):
        np.empty(1001, "u1")


def test_the_message_has_the_lines_and_the_arrays() -> None:
    """The first line has figure and limit, the tables the line and the array of the block alone."""
    with pytest.raises(AssertionError) as failure, assert_peak_below("1 MiB"):
        np.ones(10**6)
    text = str(failure.value)
    assert text.splitlines()[0] == "7.63 MiB of arrays > limit 1 MiB"
    assert "np.ones(10**6)" in text
    assert "pytest" not in text


def test_what_is_kept_is_limited() -> None:
    """kept= counts what lives after the block, without cycles, and names what holds it."""
    with assert_peak_below("1 MiB", kept="1 KiB"):
        cycle: list[object] = [np.empty(8000, "u1")]
        cycle.append(cycle)
        del cycle
    holder = {"frames": kept}
    message = r"^7\.81 KiB of arrays kept > limit 1 KiB\n"
    with pytest.raises(AssertionError, match=message) as failure, assert_peak_below("1 MiB", kept="1 KiB"):
        holder["frames"].append(np.empty(8000, "u1"))
    assert "kept[0] (8000,) uint8" in str(failure.value)
    kept.clear()


def test_an_exception_of_the_block_stays_what_it_is() -> None:
    """A block that raises is not judged."""
    with pytest.raises(KeyError), assert_peak_below(1):
        {}[np.empty(1000, "u1").nbytes]


def test_it_works_with_unittest() -> None:
    """As a decorator it fails the method that exceeds it."""

    class Case(unittest.TestCase):
        @assert_peak_below(1000)
        def test_within(self) -> None:
            np.empty(1000, "u1")

        @assert_peak_below(1000)
        def test_beyond(self) -> None:
            np.empty(1001, "u1")

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Case).run(result)
    assert [test.id().rpartition(".")[2] for test, _ in result.failures] == ["test_beyond"]
    assert result.errors == []


def test_calls_may_be_nested() -> None:
    """A recursive function is measured in each of its calls."""

    @assert_peak_below(3000)
    def build(depth: int) -> int:
        table = np.empty(1000, "u1")
        return len(table) + (build(depth - 1) if depth else 0)

    assert build(2) == 3000
    with pytest.raises(AssertionError, match="of arrays > limit"):
        build(3)


@pytest.mark.parametrize("limit", ["5 XB", -1, 1.5, None, True, 2**70])
def test_a_limit_that_is_none_is_said(limit: object) -> None:
    """A limit that is not a number of bytes is a UnitError where it is written, also as kept=."""
    with pytest.raises(ndmem.UnitError):
        assert_peak_below(limit)  # type: ignore[arg-type]  # the wrong type is what is tested
    if limit is not None:
        with pytest.raises(ndmem.UnitError):
            assert_peak_below(1, kept=limit)  # type: ignore[arg-type]  # as above
