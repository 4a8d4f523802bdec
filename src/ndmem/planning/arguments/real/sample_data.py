"""Make samples: arrays that replace the real ones in runs at small sizes."""

import enum
import mmap
from typing import Any

import numpy as np

from ndmem.errors import SpecError
from ndmem.model.spec import ArraySpec
from ndmem.phrasing import current_phrasing

_SMALLEST_GHOST = 2**20
_MOST_WINDOWS = 1024
_FEW = 64
_FARTHER = 4


class Fill(enum.Enum):
    """Contents of a sample of a described array.

    Attributes
    ----------
    UNIFORM
        Floats from 0 to 1; integers that are valid indices for every axis.
    INTEGERS
        Whole numbers below the shortest axis, in any dtype.
    SPD
        A symmetric positive definite matrix: a square array that can be factorised.
    """

    UNIFORM = "uniform"
    INTEGERS = "integers"
    SPD = "spd"


class Sample(enum.Enum):
    """A kind of sample data; all but the first only show whether sizes depend on the data.

    Attributes
    ----------
    FIRST
        Numbers from 0 to 1; single elements from all over a real array.
    UNEVEN
        Numbers from 0 to 1, mostly small, or few different indices; windows of neighbours of a real array.
    SIGNED
        Numbers from -1 to 1, or integers far beyond any index on both sides; other single elements of a real array.
    FAR
        As FIRST, with integers far beyond any index: for functions that refuse negative ones.
    GHOST
        As FIRST, written only to the first window of a large array: the rest is the same memory.
    """

    FIRST = 0
    UNEVEN = 1
    SIGNED = 2
    GHOST = 3
    FAR = 4


def make_sample(array: ArraySpec, *, fill: Fill, bound: int, sample: Sample, like: Any = None) -> Any:
    """Make an array of a described shape and dtype.

    Parameters
    ----------
    array : ArraySpec
        Description of the array.
    fill : Fill
        Its contents.
    bound : int
        Upper bound of integers, which makes them valid indices.
    sample : Sample
        Kind of sample data.
    like : array, optional
        Array to draw the values from.

    Raises
    ------
    SpecError
        If samples of this dtype cannot be made.
    """
    rng = np.random.default_rng(sample.value)
    if like is not None:
        values = np.asarray(like).ravel()
        drawn = values[rng.integers(0, max(len(values), 1), array.count)] if len(values) else np.zeros(array.count)
        return np.asarray(drawn, array.dtype).reshape(array.shape, order=array.order.value)
    if fill is Fill.SPD and len(array.shape) >= 2 and array.shape[-1] == array.shape[-2]:
        return _positive_definite(array, rng)
    if sample is Sample.GHOST and array.nbytes >= _SMALLEST_GHOST:
        return _make_hollow(array, fill, max(bound, 1), rng)
    values = _draw(array, fill, max(bound, 1), rng, sample)
    return np.asarray(values.reshape(array.shape), array.dtype, order=array.order.value)


def _draw(array: ArraySpec, fill: Fill, bound: int, rng: np.random.Generator, sample: Sample) -> Any:
    dtype, count = array.dtype, array.count
    if dtype.kind == "b":
        return rng.random(count) < (0.5 if sample is Sample.FIRST else 0.3)
    if dtype.kind in "iu":
        if sample in {Sample.SIGNED, Sample.FAR}:
            highest = min(_FARTHER * count, int(np.iinfo(dtype).max))
            lowest = -highest if sample is Sample.SIGNED and dtype.kind == "i" else 0
            return rng.integers(lowest, highest, count, endpoint=True).astype(dtype)
        return _index(rng, min(bound, int(np.iinfo(dtype).max)), count, sample).astype(dtype)
    if dtype.kind in "fc":
        real = _index(rng, bound, count, sample) if fill is Fill.INTEGERS else _spread(rng, count, sample)
        return (real + 1j * _spread(rng, count, sample)).astype(dtype) if dtype.kind == "c" else real.astype(dtype)
    if dtype.kind in "mM":
        return np.sort(rng.integers(0, max(count, 1) * 4, count)).astype(dtype)
    if dtype.kind in "SU":
        return _index(rng, bound, count, sample).astype(dtype)
    raise SpecError(f"samples of dtype {dtype} cannot be made; {current_phrasing().values}")


def _index(rng: np.random.Generator, bound: int, count: int, sample: Sample) -> Any:
    """Return integers below a bound; UNEVEN has few different ones, mostly small."""
    if sample is Sample.UNEVEN:
        return (rng.random(count) ** 2 * min(max(bound // 2, 1), _FEW)).astype(np.int64)
    return rng.integers(0, bound, count)


def _spread(rng: np.random.Generator, count: int, sample: Sample) -> Any:
    """Return numbers with another distribution in each sample, to show sizes that depend on the data."""
    numbers = rng.random(count)
    if sample is Sample.UNEVEN:
        return numbers * numbers
    return 2 * numbers - 1 if sample is Sample.SIGNED else numbers


def _positive_definite(array: ArraySpec, rng: np.random.Generator) -> Any:
    length = array.shape[-1]
    values = rng.random(array.shape) * 0.1
    values = values + np.swapaxes(values, -1, -2)
    values[..., np.arange(length), np.arange(length)] += length
    return np.asarray(values, array.dtype, order=array.order.value)


def _make_hollow(array: ArraySpec, fill: Fill, bound: int, rng: np.random.Generator) -> Any:
    """Make an array and write only to the window of its ghost, whose length csrc/tracker/hooks/ghost.c sets."""
    window = max(_SMALLEST_GHOST, array.nbytes // _MOST_WINDOWS + mmap.PAGESIZE)
    written = ArraySpec((min(window // array.dtype.itemsize, array.count),), array.dtype)
    values = np.empty(array.count, array.dtype)
    values[: written.count] = _draw(written, fill, bound, rng, Sample.FIRST)
    return values.reshape(array.shape, order=array.order.value)
