"""What is read from code objects is the same in every version of CPython."""

import tracemalloc
from types import CodeType

import numpy as np
import pytest

from ndmem.planning.extrapolation.elision import reuses_temporaries
from ndmem.planning.worker.code.bytecode import divides, find_constants, find_operators
from ndmem.tracking.meter import Meter


def _compile(body: str) -> CodeType:
    space: dict[str, object] = {}
    exec(f"def function(x, y, n, k):\n    {body}\n", space)
    code: CodeType = space["function"].__code__  # type: ignore[attr-defined]  # it was made above
    return code


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("return x[0] + y", 1),
        ("return x[k]", 0),
        ("return x[1:n]", 0),
        ("return x[k][n:, 0]", 0),
        ("x[k] = y[n]", 0),
        ("x[k] += y[n]", 1),
        ("return -(x[0] + y) * x[k] @ ~y", 5),
        ("return x < y", 0),
        ("return [each + 1 for each in x[n]]", 1),
    ],
)
def test_subscripts_are_not_operators(body: str, count: int) -> None:
    """Each operator of the source is one instruction; subscripts, slices and comparisons are none."""
    code = _compile(body)
    inner = [each for each in code.co_consts if isinstance(each, CodeType)]  # a comprehension's, up to 3.11
    assert sum(len(list(find_operators(each))) for each in [code, *inner]) == count


@pytest.mark.parametrize(
    ("body", "numbers"),
    [
        ("return n % 200", {200}),
        ("return x[:700_000_000]", {700_000_000}),
        ("return x[5::7]", {5, 7}),
        ("return x[9:, ::7]", {9, 7}),
        ("return n in (1000, 2000.5)", {1000, 2000.5}),
        ("return n in {1000, 3000}", {1000, 3000}),
        ("return x + 70_000", {70_000}),
        ("return range(3, 128)", {3, 128}),
    ],
)
def test_numbers_of_the_source_are_found(body: str, numbers: set[float]) -> None:
    """Every number that the source has is found, wherever the compiler puts it."""
    found = {value for value in find_constants(_compile(body)) if type(value) in (int, float)}
    assert found == numbers


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ("return n // 1000", True),
        ("n %= 7", True),
        ("return x[::7]", True),
        ("return x[:, ::7]", True),
        ("return x[::k]", True),
        ("return range(n)", True),
        ("return x[:7]", False),
        ("return x[k] + x[1:5, 3]", False),
        ("return x / 2", False),
    ],
)
def test_what_divides_is_known(body: str, answer: bool) -> None:
    """Whole quotients, remainders, steps and ranges divide a length; subscripts and true quotients do not."""
    assert divides(_compile(body)) is answer


def test_whether_temporaries_are_reused_is_found_by_running() -> None:
    """The self-test says what tracemalloc sees of a sum of three large arrays: one array alive at its peak, or two."""
    x = np.ones(100_000)
    _ = x + x + x
    tracemalloc.start()
    try:
        _ = x + x + x
        arrays = tracemalloc.get_traced_memory()[1] // x.nbytes
    finally:
        tracemalloc.stop()
    assert arrays in (1, 2)
    assert reuses_temporaries(Meter()) is (arrays == 1)
