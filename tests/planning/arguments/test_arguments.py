"""Texts and dimensions that describe arguments."""

import functools
from typing import Any

import numpy as np
import pytest

import ndmem
from ndmem.errors import SpecError
from ndmem.planning.arguments.bind_specs import bind_arguments
from ndmem.planning.arguments.pattern import looks_like_pattern, read_pattern
from ndmem.planning.arguments.real.sample_data import Sample


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("f4[n, d]", (100, 8)),
        ("f8[n]", (100,)),
        ("f8[1e6, n]", (1_000_000, 100)),
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
    "text", ["f8[n**2]", "f8[n/2]", "f8[f(n)]", "f8[n.real]", "f8[-n]", "f8[n//0]", "f8[d - n]", "f8[n n]", "f8[1.5]"]
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


@pytest.mark.parametrize(
    "text", ["f8[n", "f8 [n,", "f9[n]", "f8[n]]", "f8[[n]", " <f8[n, d", "flaot64[n, d]", "int23[100]"]
)
def test_a_mistyped_description_is_refused(text: str) -> None:
    """A dtype, or what resembles one, and a bracket: the error names the text, its parameter and the way out."""
    with pytest.raises(SpecError) as caught:
        ndmem.predict(lambda x, mode: x, "f8[n]", mode=text, dims=ndmem.dims(n=1_000_000, d=8))
    assert [each in str(caught.value) for each in (repr(text), "for mode", "'f8[n]'", "functools.partial")] == [
        True
    ] * 4


@pytest.mark.parametrize(
    "text",
    [
        "mean",
        "f8",
        "float64",
        "ij,jk->ik",
        "data[0]",
        "x[n]",
        "rows[n",
        "b[^aeiou]t",
        "f8[n]: the first",
        "[n",
        "",
        "i8(n",
    ],
)
def test_other_texts_reach_the_function(text: str) -> None:
    """A text that cannot be meant as an array is an argument like any other."""
    bound = bind_arguments(lambda x, mode: x, ("f8[n]",), {"mode": text}, dims={"n": 1_000_000})
    assert bound.make({"n": 40}, Sample.FIRST)[1] == {"mode": text}


def test_any_text_can_be_bound_to_the_function() -> None:
    """A text that `functools.partial` holds is not read, whatever it looks like."""
    function = functools.partial(lambda x, mode: np.zeros(len(mode)), mode="f8[n")
    assert ndmem.predict(function, "f8[n]", dims=ndmem.dims(n=1_000_000), native=False).peak == 32


@pytest.mark.parametrize(
    ("arguments", "dims"),
    [(("f8[n]",), {"n": 1000, "m": 5}), ((np.zeros(1000),), {"n": 1000, "m": 5}), ((), {"m": 1000})],
)
def test_a_dimension_that_no_argument_uses_is_refused(arguments: tuple[Any, ...], dims: dict[str, int]) -> None:
    """The error names it and what is used; it may be a misspelled name."""
    with pytest.raises(SpecError, match=r"no argument uses the dimension m=.*\(used: (n|none)\)"):
        bind_arguments(lambda *arguments: None, arguments, {}, dims=dims)


@pytest.mark.parametrize(
    "argument", ["f8[2*m + n]", ndmem.dims(n=1000, m=500).m, np.zeros(500), [np.zeros((3, 500))], 500]
)
def test_every_use_of_a_dimension_counts(argument: Any) -> None:
    """A dimension is used in an expression, as a number, and as the length of an axis, also in a list."""
    bound = bind_arguments(lambda *arguments: None, ("f8[n]", argument), {}, dims={"n": 1000, "m": 500})
    assert bound.lengths == {"n": 1000, "m": 500}


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


@pytest.mark.parametrize(
    ("args", "kwargs", "reason"),
    [
        (("f8[n]",), {}, "missing a required argument: 'y'"),
        (("f8[n]", 1, 2, 3), {}, "too many positional arguments"),
        (("f8[n]",), {"z": 1}, "missing a required argument: 'y'"),
        (("f8[n]", 1), {"z": 1}, "unexpected keyword argument 'z'"),
    ],
)
def test_arguments_that_the_function_does_not_take_are_refused(
    args: tuple[Any, ...], kwargs: dict[str, Any], reason: str
) -> None:
    """The signature is checked before anything runs; the message names the function with its parameters."""

    def combine(x: Any, y: Any, *, axis: int = 0) -> Any:
        raise AssertionError("it must not run")

    with pytest.raises(SpecError, match=rf"^combine\(x, y, axis\) does not take these arguments: .*{reason}"):
        ndmem.predict(combine, *args, dims=ndmem.dims(n=1000), **kwargs)
