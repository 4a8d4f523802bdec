"""The arguments of a call, for any lengths of its dimensions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ndmem.planning.arguments.real.array import Lengths, Made, RealArray
from ndmem.planning.arguments.real.lists import Listed
from ndmem.planning.arguments.real.sample_data import Fill, Sample, make_sample
from ndmem.planning.arguments.real.shared_memory import Slice, Transposed
from ndmem.planning.arguments.real.sparse import Sparse
from ndmem.planning.arguments.real.tables import Table

from .pattern import ArrayPattern


@dataclass(frozen=True, slots=True)
class Described:
    """An array that does not exist yet."""

    pattern: ArrayPattern
    fill: Fill
    like: Any = None

    def make(self, lengths: Lengths, sample: Sample, made: Made) -> Any:
        """Make a sample of the array."""
        array = self.pattern.at(lengths)
        bound = min((length for length in array.shape if length > 1), default=1)
        bound = min([bound, *(length for length in lengths.values() if length > 1)])
        return make_sample(array, fill=self.fill, bound=bound, sample=sample, like=self.like)

    def nbytes(self, lengths: Lengths) -> int:
        """Return the bytes of the array."""
        return self.pattern.at(lengths).nbytes


@dataclass(frozen=True, slots=True)
class Scalar:
    """A dimension that is passed as a number."""

    name: str

    def make(self, lengths: Lengths, sample: Sample, made: Made) -> Any:
        """Return the length of the dimension."""
        return lengths[self.name]

    def nbytes(self, lengths: Lengths) -> int:
        """Return 0: a number has no array."""
        return 0


@dataclass(frozen=True, slots=True)
class Literal:
    """Any other value, passed to the function unchanged."""

    value: Any

    def make(self, lengths: Lengths, sample: Sample, made: Made) -> Any:
        """Return the value."""
        return self.value

    def nbytes(self, lengths: Lengths) -> int:
        """Return the bytes of a small array, which is not reduced."""
        return int(getattr(self.value, "nbytes", 0)) if isinstance(self.value, np.ndarray) else 0


@dataclass(frozen=True, slots=True)
class Several:
    """A list, tuple or dict of arguments."""

    kind: type
    keys: tuple[Any, ...]
    items: tuple[Argument, ...]

    def make(self, lengths: Lengths, sample: Sample, made: Made) -> Any:
        """Make all items."""
        items = [item.make(lengths, sample, made) for item in self.items]
        return dict(zip(self.keys, items, strict=True)) if self.kind is dict else self.kind(items)

    def nbytes(self, lengths: Lengths) -> int:
        """Return the bytes of all items."""
        return sum(item.nbytes(lengths) for item in self.items)


_Real = RealArray | Transposed | Slice | Table | Sparse | Listed
Argument = Described | _Real | Scalar | Literal | Several


@dataclass(frozen=True, slots=True)
class Arguments:
    """All arguments of a call.

    Attributes
    ----------
    positional : tuple of Argument
        In order.
    keywords : dict of str to Argument
        By name.
    lengths : dict of str to int
        The real length of each dimension.
    maker : callable, optional
        Makes all of them instead; called with the lengths of the dimensions as keywords.
    least : dict of str to int
        Shortest length of a dimension at which samples keep what they should; shorter ones keep it in part.
    doubts : tuple of str
        What samples of the real arguments may not keep, each as a sentence that begins with the argument's name:
        integers that may be indices or values, a number of different values that was estimated, memory in common.
        Empty if nothing is ambiguous. A prediction with such doubts is not exact unless the real size was run.
    """

    positional: tuple[Argument, ...]
    keywords: dict[str, Argument]
    lengths: dict[str, int]
    maker: Callable[..., Any] | None = None
    least: dict[str, int] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()

    def make(self, lengths: Lengths, sample: Sample) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Make the arguments of a call."""
        if self.maker is not None:
            return _sort_made(self.maker(**lengths))
        made: Made = {}
        return (
            tuple(each.make(lengths, sample, made) for each in self.positional),
            {name: each.make(lengths, sample, made) for name, each in self.keywords.items()},
        )

    def nbytes(self, lengths: Lengths) -> int | None:
        """Return the bytes of the arrays among them; ``None`` if `make` makes them."""
        if self.maker is not None:
            return None
        return sum(each.nbytes(lengths) for each in self._leaves())

    def are_real(self) -> bool:
        """Tell whether the arguments at the real size are the user's own."""
        return self.maker is not None or not any(isinstance(each, Described) for each in self._leaves())

    def present_nbytes(self) -> int:
        """Return the bytes of arrays that exist already: the real ones among the arguments."""
        return sum(each.nbytes(self.lengths) for each in self._leaves() if not isinstance(each, Described))

    def _leaves(self) -> tuple[Argument, ...]:
        """Return all arguments, also those in containers; one that is passed twice once."""
        leaves = _flatten((*self.positional, *self.keywords.values()))
        return tuple({id(each): each for each in leaves}.values())

    def cost(self, lengths: Lengths) -> int:
        """Return the cost of a size in bytes: of the arguments, or of an array with all dimensions as its axes."""
        product = 8
        for length in lengths.values():
            product *= max(length, 1)
        return max(self.nbytes(lengths) or 0, product)


def _flatten(arguments: Iterable[Argument]) -> Iterator[Argument]:
    for argument in arguments:
        if isinstance(argument, Several):
            yield from _flatten(argument.items)
        else:
            yield argument


def _sort_made(made: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return what `make` returned as positional arguments and keywords."""
    if isinstance(made, dict):
        return (), made
    if isinstance(made, tuple):
        if len(made) == 2 and isinstance(made[0], tuple) and isinstance(made[1], dict):
            return made
        return made, {}
    return (made,), {}
