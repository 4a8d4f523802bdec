"""SciPy sparse matrices, recognised by their methods: SciPy is not imported for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .positions import choose_positions

if TYPE_CHECKING:
    from .array import Lengths, Made
    from .sample_data import Sample

_MOST_ROUNDS = 64
_PARTS = ("data", "indices", "indptr", "row", "col", "offsets")


def is_sparse(value: Any) -> bool:
    """Tell whether a value is a SciPy sparse matrix or array."""
    return type(value).__module__.split(".")[0] == "scipy" and hasattr(value, "tocsr") and hasattr(value, "shape")


@dataclass(frozen=True, slots=True, eq=False)
class Sparse:
    """A real sparse matrix; the number of its entries is a dimension of its own.

    Attributes
    ----------
    matrix : scipy.sparse matrix or array
        The matrix.
    axes : tuple of str or None
        Dimension of each axis; ``None`` for an axis that is not reduced.
    entries : str or None
        Dimension of the number of entries; ``None`` if it is not reduced.
    """

    matrix: Any
    axes: tuple[str | None, ...]
    entries: str | None

    def make(self, lengths: Lengths, sample: Sample, made: Made) -> Any:
        """Copy rows from all over the matrix; their entries stay at the same share of the columns."""
        if id(self) not in made:
            made[id(self)] = self._make(lengths, sample)
        return made[id(self)]

    def nbytes(self, lengths: Lengths) -> int:
        """Return the bytes of the part, assuming that they grow with the number of entries."""
        nbytes = sum(int(getattr(getattr(self.matrix, name, None), "nbytes", 0)) for name in _PARTS)
        if self.entries is None:
            return nbytes
        return nbytes * lengths[self.entries] // max(int(self.matrix.nnz), 1)

    def _make(self, lengths: Lengths, sample: Sample) -> Any:
        pairs = zip(self.axes, self.matrix.shape, strict=True)
        shape = tuple(whole if name is None else min(lengths[name], whole) for name, whole in pairs)
        count = int(self.matrix.nnz) if self.entries is None else min(lengths[self.entries], int(self.matrix.nnz))
        if (shape, count) == (self.matrix.shape, int(self.matrix.nnz)) or len(shape) != 2:
            return self.matrix.copy()
        by_columns = self.matrix.format == "csc"
        whole = (self.matrix.T if by_columns else self.matrix).tocsr()
        rows, columns = shape[::-1] if by_columns else shape
        made = _thin_out(whole, rows, columns, count, sample)
        return made.T if by_columns else made.asformat(self.matrix.format)


def _thin_out(whole: Any, rows: int, columns: int, count: int, sample: Sample) -> Any:
    """Return a matrix in CSR format with fewer rows, columns and entries."""
    part = whole[choose_positions(rows, whole.shape[0], sample)]
    row = np.repeat(np.arange(rows, dtype=np.int64), np.diff(part.indptr))
    place = np.unique(row * columns + part.indices.astype(np.int64) * columns // max(whole.shape[1], 1))
    place = _choose_places(place, min(count, rows * columns), rows * columns)
    made = whole[:0].copy()  # of the same class and dtypes
    indptr = np.searchsorted(place, np.arange(rows + 1, dtype=np.int64) * columns)
    data = np.resize(part.data, len(place)) if len(part.data) else np.ones(len(place), whole.dtype)
    parts = (data, (place % columns).astype(whole.indices.dtype), indptr.astype(whole.indptr.dtype))
    return type(made)(parts, shape=(rows, columns))


def _choose_places(places: Any, count: int, end: int) -> Any:
    """Return this many places: some of these, or these and free ones beside them."""
    if len(places) > count:
        return places[np.linspace(0, len(places) - 1, count).round().astype(np.int64)] if count else places[:0]
    for _ in range(_MOST_ROUNDS):
        if len(places) >= count or not len(places):
            break
        beside = np.setdiff1d((places + 1) % end, places)
        places = np.union1d(places, beside[: count - len(places)])
    return places
