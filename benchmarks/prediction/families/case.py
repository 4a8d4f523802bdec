"""A function to predict, with the arguments of its real size."""

import enum
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

_KEPT = 97
"""Lengths up to this one are not reduced for the warm-up."""


class Given(enum.Enum):
    """How a prediction gets its arguments."""

    SPECS = "specs"
    MAKE = "make"
    REAL = "real"


@dataclass(frozen=True, slots=True)
class Dim:
    """A dimension that is passed as a number."""

    name: str


@dataclass(frozen=True, slots=True)
class Case:
    """A function to predict.

    Attributes
    ----------
    name : str
        Name of the case.
    function : callable
        The function.
    given : Given
        How the prediction gets its arguments.
    lengths : dict of str to int
        The real length of each dimension.
    specs : tuple of str and Dim
        Descriptions of the arguments, if they are given as specs.
    make : callable or None
        Makes the arguments from the lengths otherwise.
    """

    name: str
    function: Callable[..., Any]
    given: Given
    lengths: Mapping[str, int]
    specs: tuple[str | Dim, ...] = ()
    make: Callable[..., Any] | None = None

    def arguments(self, lengths: Mapping[str, int]) -> tuple[Any, ...]:
        """Make the arguments of a call; specs get numbers from 0 to 1 and integers below the shortest dimension."""
        if self.make is None:
            return tuple(_make_sample(spec, lengths) for spec in self.specs)
        made = self.make(**lengths)
        return made if isinstance(made, tuple) else (made,)

    def small_lengths(self) -> dict[str, int]:
        """Return lengths for a warm-up, in the same order as the real ones."""
        return {name: max(math.isqrt(n), _KEPT) if n > _KEPT else n for name, n in self.lengths.items()}


def from_specs(function: Callable[..., Any], *specs: str | Dim, **lengths: int) -> Case:
    """Return a case whose arguments are predicted from their descriptions."""
    return Case(function.__name__, function, Given.SPECS, lengths, specs=specs)


def from_make(function: Callable[..., Any], make: Callable[..., Any], **lengths: int) -> Case:
    """Return a case whose arguments a function makes for any lengths."""
    return Case(function.__name__, function, Given.MAKE, lengths, make=make)


def from_arguments(function: Callable[..., Any], make: Callable[..., Any], **lengths: int) -> Case:
    """Return a case that is predicted from its real arguments."""
    return Case(function.__name__, function, Given.REAL, lengths, make=make)


def _make_sample(spec: str | Dim, lengths: Mapping[str, int]) -> Any:
    if isinstance(spec, Dim):
        return lengths[spec.name]
    dtype, axes = re.fullmatch(r"(\w+)\[(.+)\]", spec).groups()  # type: ignore[union-attr]
    names = [axis.strip() for axis in axes.split(",")]
    shape = tuple(int(name) if name.isdigit() else lengths[name] for name in names)
    rng = np.random.default_rng(0)
    if np.dtype(dtype).kind in "iu":
        return rng.integers(0, min(lengths.values()), shape, dtype)
    if np.dtype(dtype) in (np.float32, np.float64):
        return rng.random(shape, dtype)
    return rng.random(shape).astype(dtype)
