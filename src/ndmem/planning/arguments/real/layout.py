"""The memory layout of an array, as data: a sample gets the same order, gaps, directions and flags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

_ALIGNMENT: Final = 64

_WIDEST_GAP: Final = 4
"""Strides up to this many elements are kept; wider ones become two elements: a gap is a gap."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Memory layout of an array.

    Attributes
    ----------
    shape, strides : tuple of int
        Of the array; strides in bytes.
    itemsize : int
        Bytes of an element.
    order : {"C", "F"} or None
        ``None`` if the array is contiguous in neither.
    is_aligned, is_writeable : bool
        Its flags.
    kind : type
        Its class.
    dtype : dtype
        Of the elements: NumPy 2.4 changes the byte order of some copies.
    """

    shape: tuple[int, ...]
    strides: tuple[int, ...]
    itemsize: int
    order: str | None
    is_aligned: bool
    is_writeable: bool
    kind: type
    dtype: Any

    @property
    def repeated(self) -> tuple[bool, ...]:
        """Whether the elements along each axis are the same memory, as `numpy.broadcast_to` makes them."""
        return tuple(
            stride == 0 and length > 1 and self.itemsize > 0 and 0 not in self.shape
            for stride, length in zip(self.strides, self.shape, strict=True)
        )

    def apply(self, part: Any, shape: tuple[int, ...], like: Any = None) -> Any:
        """Return a copy of elements in this layout.

        Parameters
        ----------
        part : array
            The elements; of length 1 along repeated axes.
        shape : tuple of int
            Shape of the copy.
        like : array, optional
            Array of the subclass, which passes its attributes on.
        """
        if self.order is not None and self.is_aligned:
            made = np.array(part, self.dtype, order="F" if self.order == "F" else "C", subok=False)
        else:
            made = self._make_strided(shape, self.dtype)
            made[tuple(slice(0, 1) if repeated else slice(None) for repeated in self.repeated)] = part
        if self.kind is not np.ndarray:
            made = made.view(self.kind)
            if like is not None:
                made.__array_finalize__(like)
        if not self.is_writeable:
            made.flags.writeable = False
        return made

    def _make_strided(self, shape: tuple[int, ...], dtype: Any) -> Any:
        """Return an uninitialised array with gaps, directions and repeated axes as this layout has them."""
        steps = self._find_steps(shape)
        reach = [(length - 1) * step for length, step in zip(shape, steps, strict=True) if length]
        lowest, highest = sum(min(0, each) for each in reach), sum(max(0, each) for each in reach)
        size = highest - lowest + self.itemsize
        if dtype.hasobject:  # NumPy makes no such array from bytes
            base = np.empty(-(-size // self.itemsize), dtype)[-lowest // self.itemsize :]
            return np.lib.stride_tricks.as_strided(base, shape, steps)
        buffer = np.empty(size + 2 * _ALIGNMENT, np.uint8)
        first = (-buffer.ctypes.data) % _ALIGNMENT - lowest + (not self.is_aligned)
        return np.ndarray(shape, dtype, buffer, first, steps)

    def _find_steps(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the strides for other lengths."""
        steps = [0] * len(shape)
        dense = extent = self.itemsize
        axes = [i for i, repeated in enumerate(self.repeated) if not repeated]
        for axis in sorted(axes, key=lambda i: abs(self.strides[i])):
            stride = abs(self.strides[axis])
            if self.shape[axis] <= 1 or stride == dense:
                step = extent
            elif stride < dense or (
                dense == self.itemsize and stride <= _WIDEST_GAP * self.itemsize
            ):  # windows that overlap
                step = stride
            else:
                step = 2 * extent
            steps[axis] = -step if self.strides[axis] < 0 else step
            dense, extent = max(dense, stride * self.shape[axis]), max(extent, step * shape[axis])
        return tuple(steps)


def read_layout(array: Any) -> Layout:
    """Read the memory layout of an array."""
    flags = array.flags
    order = "C" if flags.c_contiguous else "F" if flags.f_contiguous else None
    return Layout(
        array.shape,
        array.strides,
        array.dtype.itemsize,
        order,
        bool(flags.aligned),
        bool(flags.writeable),
        type(array),
        array.dtype,
    )
