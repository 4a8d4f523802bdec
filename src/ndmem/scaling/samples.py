"""The arguments of a function for a block of rows, from arrays, sources and specs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ndmem.errors import ScalingError, SpecError
from ndmem.model.spec import ArraySpec, spec

from .sources.source import Source, open_source

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LARGEST_INTEGER: Final = 100
_PART: Final = 2**13


@dataclass(frozen=True, slots=True)
class Drawn:
    """A source of random values: normal ones, and integers from 0 to 99; other dtypes get zeros.

    Attributes
    ----------
    shape, dtype
        Those of the array that does not exist.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    kind: str = "spec"
    storage_rows: int = 1
    name: str = "the spec"
    read_factor: float = 1.0

    @property
    def storage_shape(self) -> tuple[int, ...]:
        """One on each axis: there are no chunks."""
        return (1,) * len(self.shape)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Return new values for some rows; the same ones whenever the same rows are read."""
        shape, draw = (stop - start, *self.shape[1:]), np.random.default_rng(start)
        block: NDArray[Any] = np.zeros(shape, self.dtype)
        values = block.reshape(-1)
        for first in range(0, values.size, _PART):  # the values of all would be another array beside the block
            part = values[first : first + _PART]
            if self.dtype.kind in "fc":
                part[:] = draw.standard_normal(part.size)
            elif self.dtype.kind in "iu":
                part[:] = draw.integers(0, _LARGEST_INTEGER, part.size)
            elif self.dtype.kind == "b":
                part[:] = draw.integers(0, 2, part.size)
        return block

    def close(self) -> None:
        """Do nothing: nothing is open."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Arguments that can be made for any rows.

    Attributes
    ----------
    blocked : tuple of Source or None
        What is cut into rows; ``None`` where an argument is passed whole.
    whole : tuple
        The arguments that are passed whole; ``None`` in the places of the others.
    """

    blocked: tuple[Source | None, ...]
    whole: tuple[Any, ...]

    @property
    def sources(self) -> list[Source]:
        """What is cut into rows."""
        return [source for source in self.blocked if source is not None]

    @property
    def rows(self) -> int:
        """Number of rows that there are."""
        return self.sources[0].shape[0]

    @property
    def row_nbytes(self) -> float:
        """Bytes of one row of all that is cut."""
        return sum(row_nbytes(source) for source in self.sources)

    def read(self, start: int, stop: int) -> tuple[tuple[Any, ...], int]:
        """Return the arguments for some rows, and the bytes that reading allocated."""
        made = [
            whole if source is None else source.read(start, stop)
            for source, whole in zip(self.blocked, self.whole, strict=True)
        ]
        owned = [block.nbytes for block, source in zip(made, self.blocked, strict=True) if owns_blocks(source)]
        return tuple(made), sum(owned)


def open_samples(func: object, samples: Sequence[object]) -> Samples:
    """Open samples; those of the first one's length are cut into rows, too.

    Raises
    ------
    ScalingError
        If there is none, or the first one has no rows.
    """
    if not callable(func):
        raise ScalingError(f"{type(func).__name__} is not a function; write amplification(func, sample)")
    if not samples:
        raise ScalingError("there is no sample to call the function with; give an array, a source or a spec")
    first = open_sample(samples[0])
    blocked: list[Source | None] = [first]
    whole: list[Any] = [None]
    for sample in samples[1:]:
        source = open_sample(sample) if _has_length(sample, first.shape[0]) else None
        blocked.append(source)
        whole.append(None if source is not None else _make_whole(sample))
    return Samples(tuple(blocked), tuple(whole))


def open_sample(sample: object) -> Source:
    """Open an array, a source, or a spec, for which values are drawn."""
    described = _read_spec(sample)
    if described is None:
        return open_source(sample)
    if described.dtype.hasobject or not described.shape or not described.shape[0]:
        raise ScalingError(f"{described} cannot be cut into rows: it needs a dtype of fixed size and rows on axis 0")
    return Drawn(described.shape, described.dtype)


def row_nbytes(source: Source) -> float:
    """Return the bytes of one row."""
    nbytes = source.dtype.itemsize
    for length in source.shape[1:]:
        nbytes *= length
    return nbytes


def owns_blocks(source: Source | None) -> bool:
    """Tell whether reading allocates: of an array in memory, a block is a view."""
    return source is not None and source.kind != "array"


def _read_spec(sample: object) -> ArraySpec | None:
    if isinstance(sample, ArraySpec):
        return sample
    if isinstance(sample, str) and sample.rstrip().endswith("]"):
        return spec(sample)
    return None


def _has_length(sample: object, length: int) -> bool:
    try:
        described = _read_spec(sample)
    except SpecError:
        return False
    shape = getattr(sample if described is None else described, "shape", None)
    return isinstance(shape, tuple) and len(shape) > 0 and shape[0] == length


def _make_whole(sample: object) -> object:
    described = _read_spec(sample)
    return sample if described is None else Drawn((1, *described.shape), described.dtype).read(0, 1)[0]
