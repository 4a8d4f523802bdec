"""Pandas data frames and series, recognised by their methods: pandas is not imported for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .positions import choose_positions
from .survey import survey_array

if TYPE_CHECKING:
    from .array import Lengths, Made
    from .sample_data import Sample
    from .survey import Survey
    from .values import Values

_MOST_COLUMNS = 64


def is_table(value: Any) -> bool:
    """Tell whether a value is a pandas data frame or series."""
    library = type(value).__module__.split(".")[0]
    return library == "pandas" and hasattr(value, "iloc") and hasattr(value, "shape")


def has_found_columns(frame: Any) -> bool:
    """Tell whether a data frame keeps the places of its columns, which pandas computes when it first needs them."""
    return getattr(getattr(frame, "_mgr", None), "_blknos", None) is not None


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A real data frame or series; small sizes get rows (and columns) from all over it.

    A frame keeps what it once computed to find its columns, 16 bytes for each. The function shall find the table as
    the caller left it, and samples alike: only shallow copies, which keep this to themselves, are asked.

    Attributes
    ----------
    table : pandas.DataFrame or pandas.Series
        The table.
    axes : tuple of str or None
        Dimension of each axis; ``None`` for an axis that is not reduced.
    values : dict of int to Values
        What samples keep of the values, by position of the column.
    """

    table: Any
    axes: tuple[str | None, ...]
    values: Mapping[int, Values]

    def make(self, lengths: Lengths, sample: Sample, made: Made) -> Any:
        """Copy a part of the table."""
        if id(self) not in made:
            made[id(self)] = self._make(lengths, sample)
        return made[id(self)]

    def nbytes(self, lengths: Lengths) -> int:
        """Return the bytes of the part, assuming rows of equal size."""
        used = self.table.copy(deep=False).memory_usage(index=True)
        nbytes = int(used.sum() if hasattr(used, "sum") else used)
        for name, whole in zip(self.axes, self.table.shape, strict=True):
            if name is not None and whole:
                nbytes = nbytes * lengths[name] // whole
        return nbytes

    def _make(self, lengths: Lengths, sample: Sample) -> Any:
        pairs = zip(self.axes, self.table.shape, strict=True)
        shape = tuple(whole if name is None else min(lengths[name], whole) for name, whole in pairs)
        if shape == self.table.shape:
            return self.table.copy()
        rows = choose_positions(shape[0], self.table.shape[0], sample)
        made = self.table.copy(deep=False).iloc[rows]
        made.index = self._take_index(rows)
        if len(shape) == 1:
            return self._fit_series(made.copy(), lengths, sample)
        self._fit_columns(made, lengths, sample)
        if shape[1] < self.table.shape[1]:
            made = made.iloc[:, choose_positions(shape[1], self.table.shape[1], sample)]
        # A selection of all columns has to find their places anew, unlike a copy.
        return made if has_found_columns(self.table) else made.iloc[:, 0:]

    def _take_index(self, rows: Any) -> Any:
        """Return the index of rows; a range stays one, and so does a frequency, which need rows without gaps."""
        index = self.table.index
        is_regular = hasattr(index, "step") or getattr(index, "freq", None) is not None
        return index[: len(rows)] if is_regular else index.take(rows)

    def _fit_series(self, series: Any, lengths: Lengths, sample: Sample) -> Any:
        if 0 in self.values:
            series.iloc[:] = _fit(self.values[0], series, lengths, sample)
        return series

    def _fit_columns(self, frame: Any, lengths: Lengths, sample: Sample) -> None:
        for column, values in self.values.items():
            # In place: a column that is replaced would have a block of its own.
            frame.iloc[:, column] = _fit(values, frame.iloc[:, column], lengths, sample)


def survey_columns(table: Any) -> dict[int, Survey]:
    """Survey the columns of integers, by their positions; pandas itself keeps the categories of a column."""
    table = table.copy(deep=False)
    columns = (
        [table] if len(table.shape) == 1 else [table.iloc[:, i] for i in range(min(table.shape[1], _MOST_COLUMNS))]
    )
    surveys = {}
    for i, column in enumerate(columns):
        array = _as_array(column)
        survey = None if array is None else survey_array(array)
        if survey is not None:
            surveys[i] = survey
    return surveys


def _as_array(column: Any) -> Any:
    """Return the values of a column of integers; ``None`` for another one."""
    if not isinstance(column.dtype, np.dtype) or column.dtype.kind not in "iu":
        return None
    return column.to_numpy()


def _fit(values: Values, column: Any, lengths: Lengths, sample: Sample) -> Any:
    return values.fit(column.to_numpy(), lengths, sample)
