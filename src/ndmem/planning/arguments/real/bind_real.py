"""Bind the real arguments of a call: arrays, tables, sparse matrices and long lists."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ndmem.model.spec import ArraySpec
from ndmem.planning.extrapolation.size_line import KEPT, SHORTEST

from .array import RealArray
from .kept_values import ValueReader, as_identifier
from .layout import read_layout
from .lists import Listed, is_plain
from .shared_memory import Slice, Transposed, find_order, find_slices, read_slices
from .sparse import Sparse, is_sparse
from .survey import survey_array
from .tables import Table, is_table, survey_columns

if TYPE_CHECKING:
    from .survey import Survey
    from .values import Values

    Real = RealArray | Transposed | Slice | Table | Sparse | Listed
    Axes = tuple[str | None, ...]


def shape_of(value: Any) -> tuple[int, ...] | None:
    """Return the shape of an argument that has dimensions; ``None`` for another one."""
    if isinstance(value, (np.ndarray, ArraySpec)) or is_table(value) or is_sparse(value):
        return tuple(int(length) for length in value.shape)
    if type(value) in (list, tuple) and len(value) > KEPT and is_plain(value):
        return (len(value),)
    return None


@dataclass(slots=True)
class RealArguments:
    """Binds real arguments, each object once: one that is passed twice is one in samples too.

    Attributes
    ----------
    axes : callable
        Returns the dimensions of a shape.
    lengths : dict of str to int
        All dimensions.
    """

    axes: Callable[[tuple[int, ...]], Axes]
    lengths: dict[str, int]
    values: ValueReader = field(init=False)
    _bound: dict[int, Real] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.values = ValueReader(self.lengths)

    @property
    def doubts(self) -> list[str]:
        """What samples may not keep."""
        return self.values.doubts

    def find(self, value: Any) -> Real | None:
        """Return what an object was bound to; ``None`` if it is not a real argument."""
        return self._bound.get(id(value))

    def bind_all(self, arguments: Sequence[tuple[str, Any]]) -> None:
        """Bind those of the arguments that have dimensions, when all their axes have a name."""
        arrays = [(name, value) for name, value in arguments if isinstance(value, np.ndarray) and value.ndim]
        plain = {id(value): value for _, value in arrays if not isinstance(value, np.ma.MaskedArray)}
        names = {id(value): name for name, value in reversed(arrays)}
        for group in find_slices(list(plain.values())):
            self._bind_slices([names[id(each)] for each in group], group)
        before: list[Any] = []
        for name, value in arguments:
            if id(value) in self._bound:
                continue
            real = self._bind(name, value, before)
            if real is not None:
                self._bound[id(value)] = real

    def _bind(self, name: str, value: Any, before: list[Any]) -> Real | None:
        if isinstance(value, np.ndarray) and value.ndim:
            real = self._find_view(name, value, before) or self._bind_array(name, value)
            before.append(value)
            return real
        if is_table(value):
            axes = self.axes(value.shape)
            surveys = survey_columns(value) if axes[0] is not None else {}
            columns = value.columns if hasattr(value, "columns") else ()
            read = {
                i: self._read(f"{name}[{columns[i]!r}]" if len(columns) else name, survey, axes[:1], value.shape[:1])
                for i, survey in surveys.items()
            }
            return Table(value, axes, {i: each for i, each in read.items() if each is not None})
        if is_sparse(value):
            return Sparse(value, self.axes(value.shape), self._name_entries(name, int(value.nnz)))
        if type(value) in (list, tuple) and shape_of(value) is not None:
            return self._bind_list(name, value)
        return None

    def _bind_array(self, name: str, value: Any) -> RealArray:
        layout, axes = read_layout(value), self.axes(value.shape)
        array = value[tuple(slice(0, 1) if repeated else slice(None) for repeated in layout.repeated)]
        plain = array.data if isinstance(array, np.ma.MaskedArray) else array
        moved = tuple(None if repeated else axis for axis, repeated in zip(axes, layout.repeated, strict=True))
        survey = survey_array(plain) if any(moved) else None
        return RealArray(array, axes, layout, self._read(name, survey, moved, array.shape))

    def _bind_slices(self, names: Sequence[str], group: Sequence[Any]) -> None:
        slices = read_slices(group, tuple(self.axes(each.shape)[0] for each in group))
        longest = max(range(len(group)), key=lambda i: slices.counts[i])
        values = self._read(names[longest], survey_array(slices.base), slices.axes[longest:][:1], group[longest].shape)
        shared = type(slices)(slices.base, slices.axes, slices.firsts, slices.steps, slices.counts, values)
        for number, each in enumerate(group):
            self._bound[id(each)] = Slice(shared, number, bool(each.flags.writeable))

    def _bind_list(self, name: str, value: Any) -> Listed:
        axes = self.axes((len(value),))
        values = None
        if {type(each) for each in value} == {int} and max(map(abs, value)) < 2**62:
            values = self._read(name, survey_array(np.array(value, np.int64)), axes, (len(value),))
        assert axes[0] is not None
        return Listed(value, axes[0], values)

    def _find_view(self, name: str, value: Any, before: Sequence[Any]) -> Transposed | None:
        """Return a view of an earlier argument; note one that samples do not keep."""
        for other in before:
            if not np.may_share_memory(value, other):
                continue
            of, order = self._bound.get(id(other)), find_order(value, other)
            if isinstance(of, RealArray) and order is not None and type(value) is type(other):
                return Transposed(of, order, bool(value.flags.writeable))
            self.doubts.append(f"{name} has memory in common with another argument, and samples do not")
        return None

    def _read(self, name: str, survey: Survey | None, axes: Axes, shape: tuple[int, ...]) -> Values | None:
        moved = {axis: length for axis, length in zip(axes, shape, strict=True) if axis is not None}
        if survey is None or not moved:
            return None
        fixed = math.prod(length for axis, length in zip(axes, shape, strict=True) if axis is None)
        return self.values.read(name, survey, moved, fixed)

    def _name_entries(self, name: str, count: int) -> str | None:
        """Return the dimension of the number of entries of a sparse matrix."""
        if count <= SHORTEST:
            return None
        known = next((dimension for dimension, length in self.lengths.items() if length == count), None)
        if known is None:
            known = f"{as_identifier(name)}_entries"
            self.lengths[known] = count
        return known
