"""Find the live buffers of NumPy's own allocator."""

from typing import Any

import numpy as np

from .everything import walk_everything


def owned_buffers() -> list[tuple[int, int]]:
    """Find the buffers of NumPy's default allocator that can be reached from Python.

    Returns
    -------
    list of (int, int)
        Address and bytes of each. Empty arrays are skipped.
    """
    with walk_everything() as everything:
        graph = everything.graph
        return [extent for node in graph.arrays() if (extent := _extent(graph.object_of(node)))]


def _extent(array: Any) -> tuple[int, int] | None:
    nbytes = int(np.ndarray.nbytes.__get__(array))
    if nbytes == 0 or not np.ndarray.flags.__get__(array).owndata or _handler_name(array) != "default_allocator":
        return None
    return int(np.ndarray.ctypes.__get__(array).data), nbytes


_handler_name = np._core.multiarray.get_handler_name
