"""Give a part of an array the range of the whole, and as many different values in proportion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from .sample_data import Sample

if TYPE_CHECKING:
    from .survey import Survey

_LARGEST_PRODUCT: Final = 2**62
_MEASURED: Final = {Sample.FIRST, Sample.GHOST}


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """What a sample keeps of the values of a real array.

    Attributes
    ----------
    survey : Survey
        The values.
    index_of : str or None
        Dimension that the integers are scaled with, because they count it; ``None``: values are kept as they are.
    span : int
        Real length of that dimension.
    is_few : bool
        Whether each sample contains all different values; else their number is kept in proportion to the elements.
    """

    survey: Survey
    index_of: str | None
    span: int
    is_few: bool

    def fit(self, part: Any, lengths: Mapping[str, int], sample: Sample) -> Any:
        """Return a copy of a part of the array, in C order, with the values that a sample keeps.

        If the number of different values is only kept in proportion, other samples than the first one keep what they
        happen to have: a function whose memory depends on that number differs between them.
        """
        made = np.array(part, order="C", subok=False)
        flat = made.reshape(-1)
        here = np.flatnonzero(_is_present(flat))
        if not here.size:
            return made
        values = self._fit_distinct(flat[here], is_thinned=sample in _MEASURED)
        values = self._put_extremes(values)
        if self.index_of is not None and lengths[self.index_of] < self.span:
            values = self._scale(values, lengths[self.index_of])
        flat[here] = values
        return made

    def _put_extremes(self, values: Any) -> Any:
        survey = self.survey
        if values.size >= 2 and values.dtype.kind not in "SU":
            values[values.argmin()] = survey.low
            values[values.argmax()] = survey.high
        return values

    def _fit_distinct(self, values: Any, *, is_thinned: bool) -> Any:
        survey = self.survey
        if survey.is_unique or values.size >= survey.count:
            return values
        if self.is_few:
            return _include_all(values, survey.known)
        if not is_thinned:
            return values
        distinct, at = np.unique(values, return_inverse=True)
        wanted = max(round(survey.distinct * values.size / survey.count), 2)
        if wanted >= len(distinct):
            return values
        # Neighbours become equal, so the shares of values below any threshold stay.
        chosen = np.linspace(0, len(distinct) - 1, wanted).round().astype(np.int64)
        nearest = np.searchsorted(chosen, np.arange(len(distinct)), side="right") - 1
        return distinct[chosen[nearest]][at.reshape(-1)]

    def _scale(self, values: Any, length: int) -> Any:
        """Scale integers as a dimension is scaled: 0 stays, and the last index stays the last one."""
        wide = values.astype(np.int64)
        if abs(int(self.survey.high)) * length < _LARGEST_PRODUCT:
            scaled = wide * length // self.span
        else:
            scaled = (wide * (length / self.span)).astype(np.int64)
        if self.survey.is_unique:
            scaled = _make_unique(scaled, int(scaled.max(initial=0)))
        return scaled.astype(values.dtype)


def _is_present(values: Any) -> Any:
    if values.dtype.kind == "f":
        return ~np.isnan(values)
    return ~np.isnat(values) if values.dtype.kind in "mM" else np.ones(len(values), np.bool_)


def _include_all(values: Any, known: Any) -> Any:
    """Replace as few values as possible, by near ones in order, so that all known values are there."""
    if len(values) < len(known):
        return values
    if _is_falling(values):
        return _include_all(values[::-1], known)[::-1]
    order = np.argsort(values, kind="stable")
    rank = np.searchsorted(known, values[order]).clip(0, len(known) - 1)
    steps = np.arange(len(rank))
    # In a sorted sequence no step may skip a value, and both ends have to be reached.
    rank = np.minimum(np.minimum.accumulate(rank - steps) + steps, steps)
    rank = np.maximum(rank, len(known) - len(rank) + steps)
    fitted = values.copy()
    fitted[order] = known[rank]
    return fitted


def _make_unique(values: Any, highest: int) -> Any:
    """Move equal integers apart, in order, up to the highest one."""
    if len(values) > highest + 1:
        return values
    if _is_falling(values):
        return _make_unique(values[::-1], highest)[::-1]
    order = np.argsort(values, kind="stable")
    steps = np.arange(len(values))
    apart = np.maximum.accumulate(values[order] - steps) + steps
    moved = values.copy()
    moved[order] = np.minimum(apart, highest - len(values) + 1 + steps)
    return moved


def _is_falling(values: Any) -> bool:
    """Tell whether values are in falling order, which equal ones must not leave when they are moved apart."""
    return bool(values[0] > values[-1] and (values[1:] <= values[:-1]).all())
