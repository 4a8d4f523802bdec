"""Notes on arrays that are not in memory yet."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ndmem.units import format_nbytes


def lazy_note(what: str, shape: Sequence[Any], dtype: Any, when: str) -> str:
    """Write that an array is not in memory, and how many bytes it would need.

    Parameters
    ----------
    what : str
        What it is: ``"dask array"``.
    shape : sequence
        Lengths of the axes; not-a-number where dask does not know one.
    dtype : dtype-like
        Element type.
    when : str
        When it would be: ``"computed"``.
    """
    text = ", ".join("?" if length != length else str(length) for length in shape)  # noqa: PLR0124 (nan is unequal)
    if any(length != length for length in shape):  # noqa: PLR0124
        size = "of unknown size"
    else:
        size = format_nbytes(math.prod(map(int, shape)) * np.dtype(dtype).itemsize)
    return f"{what} of {dtype} ({text}) is not in memory: {size} when {when}"
