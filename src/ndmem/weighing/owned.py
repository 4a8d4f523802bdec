"""Where the live buffers are that NumPy's own allocator made."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np

from ndmem._walk import Graph
from ndmem.numpy_core import find_core

from .registry import rule_of
from .scopes import scopes


def owned_buffers() -> list[tuple[int, int]]:
    """Find the buffers of NumPy's default allocator that can be reached from Python.

    Returns
    -------
    list of (int, int)
        Address and bytes of each. Arrays of no bytes are left out.
    """
    found, everything = list(scopes()), gc.get_objects()
    graph = Graph(_resolve)
    try:
        graph.root([everything, [scope.variables for scope in found]])
        return [extent for node in graph.arrays() if (extent := _extent(graph.object_of(node)))]
    finally:
        # All objects there are include this function's frame, which holds the graph: a cycle nobody would break.
        graph.clear()
        found.clear()
        everything.clear()


def _extent(array: Any) -> tuple[int, int] | None:
    nbytes = int(np.ndarray.nbytes.__get__(array))
    if nbytes == 0 or not np.ndarray.flags.__get__(array).owndata or _handler_name(array) != "default_allocator":
        return None
    return int(np.ndarray.ctypes.__get__(array).data), nbytes


def _resolve(kind: type) -> Any:
    rule = rule_of(kind)
    return rule if isinstance(rule, str) else None


_handler_name = find_core(np).multiarray.get_handler_name
