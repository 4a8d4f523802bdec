"""What every output checks: the block that is written, and errors while it is."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ndmem.errors import NdmemError, ScalingError
from ndmem.units import format_nbytes

# A block of another dtype is converted in parts, so that the conversion needs no second block.
_PART_NBYTES: Final = 2**20
_FULL: Final = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "the quota is used up", errno.EFBIG: "it is too large"}


def check_block(name: str, shape: tuple[int, ...], dtype: np.dtype[Any], start: int, block: npt.NDArray[Any]) -> None:
    """Refuse a block that does not belong into the output.

    Raises
    ------
    ScalingError
        If its rows are not within the output, are of another shape, or would lose values.
    """
    if block.ndim != len(shape) or block.shape[1:] != shape[1:]:
        raise ScalingError(f"a block of shape {block.shape} is not rows of {name}, whose shape is {shape}")
    if not 0 <= start <= start + len(block) <= shape[0]:
        raise ScalingError(f"rows {start}:{start + len(block)} are not within the {shape[0]} rows of {name}")
    check_cast(name, block.dtype, dtype)


def check_cast(name: str, given: np.dtype[Any], dtype: np.dtype[Any]) -> None:
    """Refuse values that the output's dtype cannot hold, as NumPy's ``same_kind`` rule says."""
    if not np.can_cast(given, dtype, "same_kind"):
        raise ScalingError(
            f"values of dtype {given} would be lost in {name} of dtype {dtype}; convert them in the function with "
            f"astype, or give an output of dtype {given}"
        )


def check_fit(name: str, found: tuple[Any, Any], promised: tuple[tuple[int, ...], np.dtype[Any]]) -> None:
    """Refuse an array, given as shape and dtype, that is not what the function's blocks make."""
    if tuple(found[0]) != promised[0]:
        raise ScalingError(
            f"{name} has shape {tuple(found[0])}, but the result has {promised[0]}; give one of that shape"
        )
    check_cast(name, promised[1], np.dtype(found[1]))


def check_aligned(name: str, rows: int, length: int, start: int, stop: int) -> None:
    """Refuse a part of a storage chunk: two threads that write parts of one overwrite each other's rows."""
    if start % rows or (stop % rows and stop != length):
        raise ScalingError(f"rows {start}:{stop} are not whole chunks of {rows} rows of {name}; write whole chunks")


def parts_of(block: npt.NDArray[Any], dtype: np.dtype[Any]) -> Iterator[tuple[int, npt.NDArray[Any]]]:
    """Yield a block as C-contiguous arrays of a dtype, each with its first row."""
    if block.dtype == dtype and block.flags.c_contiguous:
        yield 0, np.asarray(block)
        return
    rows = max(1, _PART_NBYTES // max(1, block[:1].size * dtype.itemsize))
    for start in range(0, len(block), rows):
        yield start, np.asarray(block[start : start + rows]).astype(dtype, order="C", casting="same_kind", subok=False)


@contextmanager
def writing(name: str, what: str, nbytes: int) -> Iterator[None]:
    """Name the output and the bytes in errors of the system and of the library that writes."""
    try:
        yield
    except (MemoryError, NdmemError):
        raise
    except Exception as error:  # each library has errors of its own
        why = (str(error).splitlines() or [""])[0][:200] or type(error).__name__
        number = error.errno if isinstance(error, OSError) else None
        if number in _FULL:
            raise ScalingError(
                f"cannot write {what} of {name}: {_FULL[number]}; {nbytes} bytes ({format_nbytes(nbytes)}) are needed; "
                "make room or choose another path. What was written before stays"
            ) from error
        raise ScalingError(f"cannot write {what} of {name}: {why}; choose another output") from error
