"""What the annotations of a function say is never needed, and may not be there at all."""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ndmem
from ndmem.function_signatures import read_signature

# Before 3.14 a function with such annotations cannot be defined without the future import.
SOURCE = f"""
{"" if sys.version_info >= (3, 14) else "from __future__ import annotations"}
def double(a: ForTypeCheckersOnly, *, note: ForTypeCheckersOnly = None) -> ForTypeCheckersOnly:
    return a + a
"""


@pytest.fixture
def double() -> Callable[..., Any]:
    """A function whose annotations name what is not there when it runs."""
    names: dict[str, Any] = {}
    exec(compile(SOURCE, "<double>", "exec"), names)
    function: Callable[..., Any] = names["double"]
    return function


def test_parameters_are_known_without_their_annotations(double: Callable[..., Any]) -> None:
    """Names, kinds and defaults are read, and no annotation is run."""
    parameters = read_signature(double).parameters
    assert [(each.name, each.kind.name) for each in parameters.values()] == [
        ("a", "POSITIONAL_OR_KEYWORD"),
        ("note", "KEYWORD_ONLY"),
    ]
    assert parameters["note"].default is None


def test_a_prediction_needs_no_annotation(double: Callable[..., Any]) -> None:
    """A call of such a function is predicted: one array of 8,000,000 bytes."""
    assert ndmem.predict(double, "f8[1_000_000]").peak == 8_000_000


_DECORATORS = {"profile": ndmem.profile, "planned": ndmem.planned(a="f8[n]"), "limit": ndmem.limit("1 GiB")}


@pytest.mark.parametrize("decorate", _DECORATORS.values(), ids=_DECORATORS.keys())
def test_a_decorator_needs_no_annotation(decorate: Callable[..., Any], double: Callable[..., Any]) -> None:
    """Each decorator of ndmem takes such a function and returns its result."""
    assert decorate(double)(np.arange(3.0)).tolist() == [0.0, 2.0, 4.0]
