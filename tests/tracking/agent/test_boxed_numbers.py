"""Numbers that are Python objects: which containers count, and how many bytes they take."""

import numpy as np
import pytest

from ndmem.tracking.agent.deep.boxed_numbers import LEAST_COUNT, BoxedNumbers

N = LEAST_COUNT
SHARED_NBYTES = 8 * N


def look(*values: object) -> list[dict[str, object]]:
    """Return what is found when a variable has some values, one after the other."""
    found = BoxedNumbers()
    for value in values:
        found.meet("a.py", "f", "x", value)
    return found.describe()


@pytest.mark.parametrize(
    ("value", "container", "element", "nbytes", "array_nbytes"),
    [
        ([n + 0.5 for n in range(N)], "list", "float", (8 + 32) * N, 8 * N),
        ([n + 1_000_000 for n in range(N)], "list", "int", (8 + 32) * N, 8 * N),
        ([n % 9 for n in range(N)], "list", "int", SHARED_NBYTES, 8 * N),
        ([n % 2 == 0 for n in range(N)], "list", "bool", SHARED_NBYTES, N),
        ([1.5] * N, "list", "float", SHARED_NBYTES, 8 * N),
        ([*range(N - 1), 0.5], "list", "float and int", None, 8 * N),
        (list(np.arange(N) + 0.5), "list", "float64", (8 + 32) * N, 8 * N),
        (np.array([n + 0.5 for n in range(N)], object), "object array", "float", (8 + 32) * N, 8 * N),
        (np.array([n + 0.5 for n in range(N)], object).reshape(2, -1).T, "object array", "float", (8 + 32) * N, 8 * N),
    ],
    ids=["floats", "integers", "small integers", "booleans", "one float", "both", "scalars", "array", "transposed"],
)
def test_containers_of_numbers(value, container, element, nbytes, array_nbytes):
    """A float of 24 bytes and an integer of 28 take 32 of Python's allocator, and a pointer 8; shared ones nothing."""
    (found,) = look(value)
    assert (found["container"], found["element"], found["count"]) == (container, element, N)
    assert found["array_nbytes"] == array_nbytes
    if nbytes is not None:
        assert found["nbytes"] == pytest.approx(nbytes, abs=1024)  # an object that several parts have counts in each


class _Float(float):
    """A number of the program's own class, whose code must not run."""

    def __eq__(self, other: object) -> bool:
        raise AssertionError

    __hash__ = None

    def __sizeof__(self) -> int:
        raise AssertionError


class _List(list):
    """A list of the program's own class."""

    def __len__(self) -> int:
        raise AssertionError


@pytest.mark.parametrize(
    "value",
    [
        [0.5] * (N - 1), [*([0.5] * N), None], [*([0.5] * N), "x"], [*([0.5] * N), _Float(1)], _List([0.5] * N),
        tuple([0.5] * N), np.arange(N), np.array([None] * N, object), [[0.5] * N], {0.5: [0.5] * N},
        np.array([0.5] * 2 * N, object)[::2],
    ],
    ids=["few", "None", "text", "class", "list class", "tuple", "numbers", "objects", "list of lists", "dict", "part"],
)  # fmt: skip
def test_other_containers_are_left_alone(value):
    """Few numbers, other objects, and classes of the program are not reported; none of their code runs."""
    assert look(value) == []


def test_a_list_in_two_variables_is_reported_in_the_first():
    """A list that a function returns is the list of the function's variable, not of the caller's."""
    found, numbers = BoxedNumbers(), [n + 0.5 for n in range(N)]
    for function in ("make", "<module>"):
        found.meet("a.py", function, "x", numbers)
    assert [one["function"] for one in found.describe()] == ["make"]


def test_a_variable_has_the_largest_of_its_containers():
    """Of several lists in a variable the one with the most bytes is reported, unless the variable had other objects."""
    small, large = [n + 0.5 for n in range(N)], [n + 0.5 for n in range(2 * N)]
    assert [one["count"] for one in look(small, large, None, small, small)] == [2 * N]
    assert look(small, [*small, None]) == []
