"""Arguments that are views of the same memory: their samples are views of one sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .array import Lengths, Made, RealArray, take_part

if TYPE_CHECKING:
    from .sample_data import Sample
    from .values import Values


@dataclass(frozen=True, slots=True, eq=False)
class Transposed:
    """A view of all elements of another real array, with its axes in another order.

    Attributes
    ----------
    of : RealArray
        The other array.
    order : tuple of int
        Axis of it for each axis of the view.
    is_writeable : bool
        Whether the view can be written to.
    """

    of: RealArray
    order: tuple[int, ...]
    is_writeable: bool

    def make(self, lengths: Lengths, sample: Sample, made: Made) -> Any:
        """Return a view of the sample of the other array."""
        view = self.of.make(lengths, sample, made).transpose(self.order)
        if not self.is_writeable:
            view.flags.writeable = False
        return view

    def nbytes(self, lengths: Lengths) -> int:
        """Return 0: its memory is that of the other array."""
        return 0


@dataclass(frozen=True, slots=True, eq=False)
class Slices:
    """The memory that several one-dimensional views have in common.

    Attributes
    ----------
    base : numpy.ndarray
        The elements from the first to the last of them.
    axes : tuple of str or None
        Dimension of each view.
    firsts, steps, counts : tuple of int
        First element in the base, step and length of each.
    values : Values or None
        What samples keep of the values.
    """

    base: Any
    axes: tuple[str | None, ...]
    firsts: tuple[int, ...]
    steps: tuple[int, ...]
    counts: tuple[int, ...]
    values: Values | None = None

    def make(self, lengths: Lengths, sample: Sample, made: Made) -> list[Any]:
        """Return all views of one sample of the base."""
        if id(self) not in made:
            made[id(self)] = self._make(lengths, sample)
        views: list[Any] = made[id(self)]
        return views

    def nbytes(self, lengths: Lengths) -> int:
        """Return the bytes of the memory that they have in common."""
        return int(self._extent(self._slices(lengths)) * self.base.dtype.itemsize)

    def _make(self, lengths: Lengths, sample: Sample) -> list[Any]:
        slices = self._slices(lengths)
        extent = self._extent(slices)
        part = take_part(self.base, (min(extent, len(self.base)),), sample)
        part = part if self.values is None or len(part) == len(self.base) else self.values.fit(part, lengths, sample)
        part = np.resize(part, extent)
        return [part[first :: step if step else 1][:count] for first, step, count in slices]

    def _slices(self, lengths: Lengths) -> list[tuple[int, int, int]]:
        made = []
        for name, first, step, count in zip(self.axes, self.firsts, self.steps, self.counts, strict=True):
            short = count if name is None else lengths[name]
            # A view that starts near the beginning does so in samples; in the middle, it starts in the middle.
            lowest = first if step > 0 else first + (count - 1) * step
            lowest = lowest if lowest <= 8 else lowest * short // max(count, 1)
            made.append((lowest if step > 0 else lowest - (short - 1) * step, step, short))
        return made

    @staticmethod
    def _extent(slices: list[tuple[int, int, int]]) -> int:
        return max((max(first, first + (count - 1) * step) + 1 for first, step, count in slices), default=0)


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """One of several views with memory in common.

    Attributes
    ----------
    of : Slices
        All of them.
    number : int
        Which one.
    is_writeable : bool
        Whether it can be written to.
    """

    of: Slices
    number: int
    is_writeable: bool

    def make(self, lengths: Lengths, sample: Sample, made: Made) -> Any:
        """Return the view."""
        view = self.of.make(lengths, sample, made)[self.number].view()
        view.flags.writeable = self.is_writeable
        return view

    def nbytes(self, lengths: Lengths) -> int:
        """Return the bytes of the common memory for the first view, and 0 for the others."""
        return 0 if self.number else self.of.nbytes(lengths)


def find_slices(arrays: Sequence[Any]) -> list[list[Any]]:
    """Return groups of one-dimensional arrays of one dtype with memory in common, that steps through it can describe.

    Parameters
    ----------
    arrays : sequence of array
        Different objects.
    """
    groups: list[list[Any]] = []
    for array in arrays:
        if array.ndim != 1 or not array.strides[0] or array.strides[0] % array.dtype.itemsize or array.size < 2:
            continue
        for group in groups:
            first = group[0]
            distance = array.ctypes.data - first.ctypes.data
            fits = array.dtype == first.dtype and not array.dtype.hasobject and not distance % array.dtype.itemsize
            if fits and any(np.may_share_memory(array, other) for other in group):
                group.append(array)
                break
        else:
            groups.append([array])
    return [group for group in groups if len(group) > 1]


def read_slices(group: Sequence[Any], axes: tuple[str | None, ...]) -> Slices:
    """Describe arrays as slices of the memory that they have in common."""
    itemsize = group[0].dtype.itemsize
    ends = [(each.ctypes.data, each.ctypes.data + (each.size - 1) * each.strides[0]) for each in group]
    lowest = min(min(pair) for pair in ends)
    count = (max(max(pair) for pair in ends) - lowest) // itemsize + 1
    at_lowest = next(
        each if pair[0] == lowest else each[::-1] for each, pair in zip(group, ends, strict=True) if lowest in pair
    )
    base = np.lib.stride_tricks.as_strided(np.asarray(at_lowest), (count,), (itemsize,), writeable=False)
    return Slices(
        base,
        axes,
        tuple((first - lowest) // itemsize for first, _ in ends),
        tuple(each.strides[0] // itemsize for each in group),
        tuple(each.size for each in group),
    )


def find_order(view: Any, of: Any) -> tuple[int, ...] | None:
    """Return the axis of an array for each axis of a view of all of it; ``None`` if it is another view."""
    if view.ctypes.data != of.ctypes.data or view.dtype != of.dtype or view.ndim != of.ndim:
        return None
    free = list(range(of.ndim))
    order = []
    for length, stride in zip(view.shape, view.strides, strict=True):
        axis = next((i for i in free if (of.shape[i], of.strides[i]) == (length, stride)), None)
        if axis is None:
            return None
        free.remove(axis)
        order.append(axis)
    return tuple(order)
