"""The arguments of a call, for any lengths of its dimensions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ndmem.model.spec import ArraySpec

from .pattern import ArrayPattern
from .sample_data import Fill, Sample, make_sample
from .tables import crop_table, table_nbytes

Lengths = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Described:
    """An array that does not exist yet."""

    pattern: ArrayPattern
    fill: Fill
    like: Any = None

    def make(self, lengths: Lengths, sample: Sample) -> Any:
        """Make a sample of the array."""
        array = self.pattern.at(lengths)
        bound = min((length for length in array.shape if length > 1), default=1)
        bound = min([bound, *(length for length in lengths.values() if length > 1)])
        return make_sample(array, fill=self.fill, bound=bound, sample=sample, like=self.like)

    def nbytes(self, lengths: Lengths) -> int:
        """Return the bytes of the array."""
        return self.pattern.at(lengths).nbytes


@dataclass(frozen=True, slots=True)
class Cropped:
    """A real array; small sizes get a part of it.

    Attributes
    ----------
    array : numpy.ndarray
        The array.
    axes : tuple of str or None
        Dimension of each axis; ``None`` for an axis that is not reduced.
    """

    array: Any
    axes: tuple[str | None, ...]

    def make(self, lengths: Lengths, sample: Sample) -> Any:
        """Copy a part of the array; other samples get other elements."""
        shape = self._shape(lengths)
        if shape == self.array.shape:
            return self.array.copy(order="K")
        part = self.array[
            tuple(_slice(short, whole, sample) for short, whole in zip(shape, self.array.shape, strict=True))
        ]
        return _fold_indices(np.array(part, order="K", subok=True), self.array, lengths)

    def nbytes(self, lengths: Lengths) -> int:
        """Return the bytes of an array of these lengths, also beyond its real ones."""
        pairs = zip(self.axes, self.array.shape, strict=True)
        return ArraySpec(
            tuple(whole if name is None else lengths[name] for name, whole in pairs), self.array.dtype
        ).nbytes

    def _shape(self, lengths: Lengths) -> tuple[int, ...]:
        pairs = zip(self.axes, self.array.shape, strict=True)
        return tuple(whole if name is None else min(lengths[name], whole) for name, whole in pairs)


@dataclass(frozen=True, slots=True)
class Table:
    """A real data frame, series or sparse matrix; small sizes get its first rows (and columns)."""

    table: Any
    axes: tuple[str | None, ...]

    def make(self, lengths: Lengths, sample: Sample) -> Any:
        """Copy a part of the table."""
        pairs = zip(self.axes, self.table.shape, strict=True)
        slices = tuple(
            slice(None) if name is None else _slice(min(lengths[name], whole), whole, sample) for name, whole in pairs
        )
        return crop_table(self.table, slices)

    def nbytes(self, lengths: Lengths) -> int:
        """Return the bytes of the part, assuming rows of equal size."""
        nbytes = table_nbytes(self.table)
        for name, whole in zip(self.axes, self.table.shape, strict=True):
            if name is not None and whole:
                nbytes = nbytes * lengths[name] // whole
        return nbytes


@dataclass(frozen=True, slots=True)
class Scalar:
    """A dimension that is passed as a number."""

    name: str

    def make(self, lengths: Lengths, sample: Sample) -> Any:
        """Return the length of the dimension."""
        return lengths[self.name]

    def nbytes(self, lengths: Lengths) -> int:
        """Return 0: a number has no array."""
        return 0


@dataclass(frozen=True, slots=True)
class Literal:
    """Any other value, passed to the function unchanged."""

    value: Any

    def make(self, lengths: Lengths, sample: Sample) -> Any:
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

    def make(self, lengths: Lengths, sample: Sample) -> Any:
        """Make all items."""
        made = [item.make(lengths, sample) for item in self.items]
        return dict(zip(self.keys, made, strict=True)) if self.kind is dict else self.kind(made)

    def nbytes(self, lengths: Lengths) -> int:
        """Return the bytes of all items."""
        return sum(item.nbytes(lengths) for item in self.items)


Argument = Described | Cropped | Table | Scalar | Literal | Several


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
    """

    positional: tuple[Argument, ...]
    keywords: dict[str, Argument]
    lengths: dict[str, int]
    maker: Callable[..., Any] | None = None

    def make(self, lengths: Lengths, sample: Sample) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Make the arguments of a call."""
        if self.maker is not None:
            return _sort_made(self.maker(**lengths))
        return (
            tuple(each.make(lengths, sample) for each in self.positional),
            {name: each.make(lengths, sample) for name, each in self.keywords.items()},
        )

    def nbytes(self, lengths: Lengths) -> int | None:
        """Return the bytes of the arrays among them; ``None`` if `make` makes them."""
        if self.maker is not None:
            return None
        return sum(each.nbytes(lengths) for each in (*self.positional, *self.keywords.values()))

    def are_real(self) -> bool:
        """Tell whether the arguments at the real size are the user's own."""
        return self.maker is not None or not any(map(_is_described, (*self.positional, *self.keywords.values())))

    def present_nbytes(self) -> int:
        """Return the bytes of arrays that exist already: the real ones among the arguments."""
        return sum(_present(each, self.lengths) for each in (*self.positional, *self.keywords.values()))

    def cost(self, lengths: Lengths) -> int:
        """Return the cost of a size in bytes: of the arguments, or of an array with all dimensions as its axes."""
        product = 8
        for length in lengths.values():
            product *= max(length, 1)
        return max(self.nbytes(lengths) or 0, product)


def _is_described(argument: Argument) -> bool:
    if isinstance(argument, Several):
        return any(map(_is_described, argument.items))
    return isinstance(argument, Described)


def _present(argument: Argument, lengths: Lengths) -> int:
    if isinstance(argument, Several):
        return sum(_present(item, lengths) for item in argument.items)
    return argument.nbytes(lengths) if isinstance(argument, (Cropped, Table, Literal)) else 0


def _sort_made(made: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return what `make` returned as positional arguments and keywords."""
    if isinstance(made, dict):
        return (), made
    if isinstance(made, tuple):
        if len(made) == 2 and isinstance(made[0], tuple) and isinstance(made[1], dict):
            return made
        return made, {}
    return (made,), {}


def _slice(short: int, whole: int, sample: Sample) -> slice:
    """Return the elements of an axis for a sample."""
    if short >= whole or sample is Sample.FIRST:
        return slice(0, short)
    if sample is Sample.UNEVEN or whole < 2 * short:
        return slice(whole - short, whole)
    return slice(0, 2 * short, 2)


def _fold_indices(part: Any, whole: Any, lengths: Lengths) -> Any:
    """Limit integers that may be indices of an axis to its reduced length."""
    if whole.dtype.kind not in "iu" or not whole.size or not part.size:
        return part
    highest, lowest = int(whole.max()), int(whole.min())
    bounds = [length for length in lengths.values() if 1 < length <= highest]
    if lowest >= 0 and bounds and highest >= 2 and part.max() >= min(bounds):
        return np.minimum(part, min(bounds) - 1)
    return part
