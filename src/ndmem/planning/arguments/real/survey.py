"""Survey the values of a real array: their range, and how many of them differ."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

_MOST_SURVEYED: Final = 2**18
"""Elements that are read to count different values: some ten milliseconds."""

_MOST_READ: Final = 2**30
"""Bytes of an array up to which all of it is read for its range; a file that is mapped may be far larger."""

_NEARLY_ALL: Final = 0.95

_KINDS: Final = "iufmMSU"


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """Values of an array.

    Attributes
    ----------
    low, high : object
        Least and greatest value; ``None`` if there is no order, or no value.
    known : array
        Different values that were found, sorted; with `low` and `high`.
    distinct : int
        Number of different values; estimated if not all elements were read.
    count : int
        Number of elements.
    is_read : bool
        Whether all elements were read for the range.
    """

    low: Any
    high: Any
    known: Any
    distinct: int
    count: int
    is_read: bool

    @property
    def is_unique(self) -> bool:
        """Whether (nearly) all elements differ."""
        return self.distinct >= _NEARLY_ALL * self.count


def survey_array(array: Any) -> Survey | None:
    """Survey an array; ``None`` if its values have no order: complex, structured, or Python objects."""
    if array.dtype.kind not in _KINDS or not array.size:
        return None
    found = drop_missing(_read_some(array))
    if not found.size:
        return None
    known, counts = np.unique(found, return_counts=True)
    is_read = array.nbytes <= _MOST_READ
    low, high = (known[0], known[-1]) if array.dtype.kind in "SU" or not is_read else _find_range(array)
    distinct = _estimate_distinct(counts, array.size)
    known = np.unique(np.concatenate([known, np.array([low, high], known.dtype)]))
    return Survey(low, high, known, distinct, int(array.size), is_read)


def drop_missing(values: Any) -> Any:
    """Return the values without NaN and NaT."""
    if values.dtype.kind == "f":
        return values[~np.isnan(values)]
    return values[~np.isnat(values)] if values.dtype.kind in "mM" else values


def _read_some(array: Any) -> Any:
    """Return elements from all over the array, or all of them."""
    if array.size <= _MOST_SURVEYED:
        return np.asarray(array).ravel()
    # At random, not spread evenly: equal values that lie together must be found together as often as others.
    flat = np.unique(np.random.default_rng(0).integers(0, array.size, _MOST_SURVEYED))
    return np.asarray(array)[np.unravel_index(flat, array.shape)]


def _find_range(array: Any) -> tuple[Any, Any]:
    plain = np.asarray(array)
    return np.fmin.reduce(plain, axis=None), np.fmax.reduce(plain, axis=None)


def _estimate_distinct(counts: Any, size: int) -> int:
    """Estimate how many values differ in an array from how often each was found, by Chao and Lin's lower bound."""
    found, total = len(counts), int(counts.sum())
    once, twice = int((counts == 1).sum()), int((counts == 2).sum())
    if total >= size or not once:
        return found
    if once == found:
        return size
    unseen = once * once / (2 * twice + once * total / (size - total))
    return int(min(found + unseen, size))
