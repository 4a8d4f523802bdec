"""The holders of arrays that no variable names: attributes, nested containers, data frames, caches, closures.

A recording sees the variables of running functions and of modules while the program runs. This walk through all objects
is made once, at the end.
"""

import sys
from types import ModuleType
from typing import Any

import numpy as np

from ndmem._walk import Graph
from ndmem.user_code import find_library_roots, is_user_code
from ndmem.weighing.tracked import TrackedBuffers

from .everything import Everything, walk_everything
from .paths import Paths
from .scopes import Scope

Found = tuple[tuple[object, str, str, int], ...]
"""For each buffer an array that holds it, the way to the array from a variable, the module or function of that, and the
address of the buffer."""


def find_object_holders(*, smallest: int) -> Found:
    """Find who holds the recorded buffers, and native blocks that consist of an array, as unpickled ones do.

    Parameters
    ----------
    smallest : int
        Skip buffers of fewer bytes.
    """
    buffers, blocks = TrackedBuffers(smallest), TrackedBuffers(smallest, native=True)
    with walk_everything() as everything:
        return _find(everything, buffers, blocks)


def _find(everything: Everything, buffers: TrackedBuffers, blocks: TrackedBuffers) -> Found:
    graph = everything.graph
    groups: dict[int, list[int]] = {}
    for node in graph.arrays():
        address = find_address(graph, node)
        buffer = buffers.at(address)
        if buffer is None:
            block = blocks.at(address)
            is_most = block is not None and 2 * int(np.ndarray.nbytes.__get__(graph.object_of(node))) >= block.nbytes
            buffer = block if is_most else None  # a block of Python's small objects has arrays of others, too
        if buffer is not None:
            groups.setdefault(buffer.start, []).append(node)
    paths = Paths(graph, {node for nodes in groups.values() for node in nodes}, everything.found, everything.hidden)
    rank = _Ranks()
    found = []
    for start, nodes in groups.items():
        ways = [
            (not owner, rank.of(scope), len(name) + len(path), node, f"{scope.within}{name}{path}", _owner_of(scope))
            for node in nodes
            for owner in [bool(np.ndarray.flags.__get__(graph.object_of(node)).owndata)]
            for scope, name, path in paths.ways(node)
        ]
        if ways:
            *_, node, text, function = min(ways)
            found.append((graph.object_of(node), text, function, start))
    return tuple(found)


def find_address(graph: Graph, node: int) -> int:
    """Return the first address of an array's data; of an array with negative strides, the last element's."""
    array: Any = np.ndarray.view(graph.object_of(node), np.ndarray)
    return int(array.__array_interface__["data"][0])


def _owner_of(scope: Scope) -> str:
    """Return the module of a variable, or its function."""
    return scope.after.removeprefix(" in ") or scope.before.removesuffix(".") or "__main__"


class _Ranks:
    """Orders variables: those of the main module first, then of the user's modules, of functions, of libraries."""

    def __init__(self) -> None:
        self._roots = find_library_roots()
        self._known: dict[str, int] = {}

    def of(self, scope: Scope) -> int:
        if scope.after:
            return 2
        if not scope.before:
            return 0
        if scope.before not in self._known:
            self._known[scope.before] = 1 if self._is_users(scope.before.removesuffix(".")) else 3
        return self._known[scope.before]

    def _is_users(self, name: str) -> bool:
        module = sys.modules.get(name)
        names = ModuleType.__getattribute__(module, "__dict__") if isinstance(module, ModuleType) else {}
        filename = dict.get(names, "__file__")
        return type(filename) is str and is_user_code(filename, self._roots)
