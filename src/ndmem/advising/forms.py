"""What the shape and the dtype that a run recorded of an array say."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ndmem.model.holder import ArrayForm, Holder


def read_dtype(name: str) -> np.dtype | None:
    """Return a dtype by its text; ``None`` for a structured one, and one that this NumPy does not know."""
    try:
        return np.dtype(name)
    except (TypeError, ValueError, SyntaxError):
        return None


def form_nbytes(array: ArrayForm | Holder) -> int | None:
    """Return the bytes of the elements of an array; ``None`` if its dtype cannot be read."""
    dtype = read_dtype(array.dtype)
    return None if dtype is None else math.prod(array.shape) * dtype.itemsize
