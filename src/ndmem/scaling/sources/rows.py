"""What every source checks: its shape and dtype, the rows asked for, and errors while rows are read."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ndmem.errors import NdmemError, ScalingError


def check_array(name: str, shape: tuple[Any, ...] | None, dtype: np.dtype[Any]) -> tuple[int, ...]:
    """Return the shape of an array that can be read in blocks of rows.

    Raises
    ------
    ScalingError
        If it has no axis, no rows, an unknown length, or elements that are Python objects.
    """
    if not shape:
        raise ScalingError(f"{name} has no axis to split into blocks; call the function on it directly")
    unknown = [axis for axis, length in enumerate(shape) if length != length]  # noqa: PLR0124 (true of NaN alone)
    if unknown:
        raise ScalingError(f"{name} has an unknown length on axis {unknown[0]}; call its compute_chunk_sizes() first")
    lengths = tuple(int(length) for length in shape)
    if lengths[0] == 0:
        raise ScalingError(f"{name} has no rows: its shape is {lengths}; there is nothing to split into blocks")
    if dtype.hasobject:
        raise ScalingError(
            f"{name} has elements of dtype {dtype}: Python objects, whose memory is unknown; "
            "convert it to a dtype of fixed size, for example with astype"
        )
    return lengths


def fit_shape(chunk: Sequence[int], shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the lengths of a chunk that lie within an array."""
    return tuple(max(1, min(part, length)) for part, length in zip(chunk, shape, strict=True))


def check_rows(name: str, length: int, start: int, stop: int) -> None:
    """Refuse rows that a source does not have."""
    if not 0 <= start <= stop <= length:
        raise ScalingError(f"rows {start}:{stop} are not within the {length} rows of {name}")


@contextmanager
def reading(name: str, start: int, stop: int) -> Iterator[None]:
    """Name the source and the rows in errors of the library that reads them.

    A lack of memory passes unchanged: smaller blocks are the answer to it.
    """
    try:
        yield
    except (MemoryError, NdmemError):
        raise
    except Exception as error:  # each library has errors of its own for a damaged or missing file
        why = (str(error).splitlines() or [""])[0][:200] or type(error).__name__
        raise ScalingError(
            f"cannot read rows {start}:{stop} of {name}: {why}; check that it still exists and is complete"
        ) from error
