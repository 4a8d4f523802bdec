"""Real arrays; small sizes get a sample of their elements, in the same memory layout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ndmem.model.spec import ArraySpec

from .positions import choose_positions

if TYPE_CHECKING:
    from .layout import Layout
    from .sample_data import Sample
    from .values import Values

Lengths = Mapping[str, int]
Made = dict[int, Any]
"""What was made for a call so far: an argument that is passed twice is made once."""


@dataclass(frozen=True, slots=True, eq=False)
class RealArray:
    """A real array.

    Attributes
    ----------
    array : numpy.ndarray
        The array; of length 1 along axes that repeat the same memory.
    axes : tuple of str or None
        Dimension of each axis; ``None`` for an axis that is not reduced.
    layout : Layout
        Its shape, strides and flags.
    values : Values or None
        What samples keep of its values.
    """

    array: Any
    axes: tuple[str | None, ...]
    layout: Layout
    values: Values | None = None

    def make(self, lengths: Lengths, sample: Sample, made: Made) -> Any:
        """Copy elements from all over the array; other samples get other elements."""
        if id(self) not in made:
            made[id(self)] = self._make(lengths, sample)
        return made[id(self)]

    def nbytes(self, lengths: Lengths) -> int:
        """Return the bytes of an array of these lengths, also beyond its real ones."""
        rows = zip(self.axes, self.array.shape, strict=True)
        repeated = self.layout.repeated
        shape = (1 if repeated[i] else whole if name is None else lengths[name] for i, (name, whole) in enumerate(rows))
        return ArraySpec(tuple(shape), self.array.dtype).nbytes

    def _make(self, lengths: Lengths, sample: Sample) -> Any:
        pairs = zip(self.axes, self.layout.shape, strict=True)
        shape = tuple(whole if name is None else min(lengths[name], whole) for name, whole in pairs)
        if isinstance(self.array, np.ma.MaskedArray):
            return self._make_masked(shape, lengths, sample)
        part = self._fit(take_part(self.array, shape, sample), lengths, sample)
        return self.layout.apply(part, shape, self.array)

    def _make_masked(self, shape: tuple[int, ...], lengths: Lengths, sample: Sample) -> Any:
        """Copy elements of a masked array with their masks."""
        whole = self.array
        part = self._fit(take_part(whole.data, shape, sample), lengths, sample)
        mask = whole.mask if whole.mask is np.ma.nomask else take_part(whole.mask, shape, sample)
        made = np.ma.MaskedArray(self.layout.apply(part, shape), mask=mask, hard_mask=whole.hardmask)
        made.fill_value = whole.fill_value
        return made

    def _fit(self, part: Any, lengths: Lengths, sample: Sample) -> Any:
        is_whole = part.size == self.array.size
        return part if self.values is None or is_whole else self.values.fit(part, lengths, sample)


def take_part(array: Any, shape: tuple[int, ...], sample: Sample) -> Any:
    """Return elements from all over an array; axes of length 1 stay as they are.

    Parameters
    ----------
    array : array
        The array.
    shape : tuple of int
        Number of elements of each axis.
    sample : Sample
        Kind of sample data.
    """
    part = np.asarray(array)
    # The axis that loses most comes first: what it leaves out is not copied for the others.
    for axis in sorted(range(part.ndim), key=lambda i: shape[i] / max(part.shape[i], 1)):
        if shape[axis] < part.shape[axis]:
            at = choose_positions(shape[axis], part.shape[axis], sample)
            part = part[(slice(None),) * axis + (at,)]  # take copies all of an array with gaps
    return part
