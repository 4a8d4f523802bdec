"""Texts and dimensions that describe arguments."""

from typing import Any

import pytest

import ndmem
from ndmem.errors import SpecError
from ndmem.planning.arguments.pattern import looks_like_pattern, read_pattern


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("f4[n, d]", (100, 8)),
        ("f8[n]", (100,)),
        ("f8[2*n + 1, n//3]", (201, 33)),
        ("i8[]", ()),
        ("complex128[n - d, 5]", (92, 5)),
        ("datetime64[ns][n]", (100,)),
    ],
)
def test_axes_are_expressions_of_dimensions(text: str, shape: tuple[int, ...]) -> None:
    """An axis is an integer, a dimension, a sum, a difference, a product or a whole quotient."""
    assert looks_like_pattern(text)
    assert read_pattern(text, {"n": 100, "d": 8}).at({"n": 100, "d": 8}).shape == shape


@pytest.mark.parametrize(
    "text", ["f8[n**2]", "f8[n/2]", "f8[f(n)]", "f8[n.real]", "f8[-n]", "f8[n//0]", "f8[d - n]", "f8[n n]"]
)
def test_other_axes_are_refused(text: str) -> None:
    """Another expression is refused in one line."""
    with pytest.raises(SpecError) as caught:
        read_pattern(text, {"n": 100, "d": 8})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["mean", "float64", "[n]", "x[n]", "hello [world]", "a" * 5000])
def test_other_texts_are_no_arrays(text: str) -> None:
    """A text that has no dtype in front of brackets is an argument like any other."""
    assert not looks_like_pattern(text)


def test_dimensions_can_be_passed_as_numbers() -> None:
    """A dimension as an argument has its length; an unknown one is named in the error."""
    dims = ndmem.dims(n=2e6, d=64)
    assert (dims["n"], dims.d.length, dict(dims)) == (2_000_000, 64, {"n": 2_000_000, "d": 64})
    with pytest.raises(AttributeError, match="'q'"):
        _ = dims.q


@pytest.mark.parametrize(
    ("lengths", "word"),
    [({"n": -1}, "negative"), ({"n": 1.5}, "whole number"), ({"n": "many"}, "whole number"), ({"n": 2**62}, "longer")],
)
def test_invalid_lengths_are_refused(lengths: dict[str, Any], word: str) -> None:
    """A length is a whole number from 0 on."""
    with pytest.raises(ndmem.SpecError, match=word):
        ndmem.dims(**lengths)
