"""The holders of arrays that no variable names: attributes, nested containers, data frames, caches, closures.

A recording sees the variables of running functions and of modules while the program runs. This walk through all objects
is made once, at the end.
"""

import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np

from ndmem._walk import Graph
from ndmem.model.columns import Domain
from ndmem.model.holder import GARBAGE
from ndmem.user_code import find_library_roots, is_user_code
from ndmem.weighing.tracked import TrackedBuffers

from .everything import Everything, walk_everything
from .garbage import find_garbage
from .paths import Paths, shorten_way
from .scopes import Scope

_HEAD = sys.getsizeof(b"")
"""At most so many bytes precede an array in its block: those of a bytes object."""

Found = tuple[tuple[object, str, str, int], ...]
"""For each buffer an array that holds it, the way to the array from a variable, the module or function of that, and the
address of the buffer. Of garbage the class of the object that holds the array, and `GARBAGE`."""


def find_object_holders(*, smallest: int, look: Callable[[Iterator[Any]], None] | None = None) -> Found:
    """Find who holds the recorded buffers, and native blocks and mapped files that are the memory of an array.

    Parameters
    ----------
    smallest : int
        Skip buffers of fewer bytes.
    look : callable, optional
        Takes the arrays that were met, the largest first, one for each address.
    """
    memory = _Memory(smallest)
    with walk_everything() as everything:
        found = _find(everything, memory)
        if look is not None:
            look(_arrays(everything.graph))
        return found


def _arrays(graph: Graph) -> Iterator[Any]:
    arrays = [graph.object_of(node) for node in graph.arrays()]
    # Of the arrays that share a buffer the one that owns it comes first: a view may have another dtype.
    arrays.sort(key=lambda each: (-int(np.ndarray.nbytes.__get__(each)), not np.ndarray.flags.__get__(each).owndata))
    seen: set[int] = set()
    for array in arrays:
        address = find_address(array)
        if address not in seen:
            seen.add(address)
            yield array


class _Memory:
    """The memory in which arrays may lie: NumPy's, native blocks, mapped files."""

    def __init__(self, smallest: int) -> None:
        self._smallest = smallest
        self._buffers, self._blocks, self._files = (
            TrackedBuffers(smallest, domain) for domain in (Domain.ARRAY, Domain.NATIVE, Domain.MAPPED)
        )

    def find_start(self, array: Any) -> int | None:
        """Return the address that the tracker has for the memory of an array; ``None`` if that is unknown."""
        address, nbytes = find_address(array), int(np.ndarray.nbytes.__get__(array))
        found = self._buffers.at(address) or self._files.at(address)
        if found is not None:
            return found.start
        owner = _find_root(array)
        root = find_address(owner)
        block = self._blocks.at(root)
        if block is None:  # the tracker knows mappings that count by their pages, but not as blocks at an address
            is_other = nbytes >= self._smallest and not np.ndarray.flags.__get__(owner).owndata
            return root if is_other else None
        # A block of Python's small objects has arrays of others, too: an array must begin with it, or be most of it.
        is_its = root - block.start <= _HEAD or 2 * nbytes >= block.nbytes
        return block.start if is_its else None


def _find(everything: Everything, memory: _Memory) -> Found:
    graph = everything.graph
    groups: dict[int, list[int]] = {}
    for node in graph.arrays():
        start = memory.find_start(graph.object_of(node))
        if start:
            groups.setdefault(start, []).append(node)
    paths = Paths(graph, {node for nodes in groups.values() for node in nodes}, everything.found, everything.hidden)
    rank = _Ranks()
    found = []
    nameless: dict[int, list[int]] = {}
    for start, nodes in groups.items():
        ways = [
            (
                not owner,
                rank.of(scope),
                len(name) + len(path),
                node,
                f"{scope.within}{name}{shorten_way(path)}",
                _owner_of(scope),
            )
            for node in nodes
            for owner in [_owns(graph, node)]
            for scope, name, path in paths.ways(node)
        ]
        if ways:
            *_, node, text, function = min(ways)
            found.append((graph.object_of(node), text, function, start))
        else:
            nameless[start] = nodes
    garbage = find_garbage(graph, tuple(nodes[0] for nodes in nameless.values()), everything.hidden)
    for start, nodes in nameless.items():
        if owner := garbage.get(nodes[0]):
            found.append((graph.object_of(nodes[0]), f"{owner} (in a reference cycle)", GARBAGE, start))
        elif owners := [(not _owns(graph, node), node, way) for node in nodes if (way := paths.owner(node))]:
            _, node, text = min(owners)
            found.append((graph.object_of(node), text, "", start))
    return tuple(found)


def _owns(graph: Graph, node: int) -> bool:
    """Whether an array owns its memory."""
    return bool(np.ndarray.flags.__get__(graph.object_of(node)).owndata)


def _find_root(array: Any) -> Any:
    """Return the array from which views begin."""
    base = np.ndarray.base.__get__(array)
    while isinstance(base, np.ndarray):
        array, base = base, np.ndarray.base.__get__(base)
    return array


def find_address(array: Any) -> int:
    """Return the first address of an array's data; of an array with negative strides, the last element's."""
    plain: Any = np.ndarray.view(array, np.ndarray)
    return int(plain.__array_interface__["data"][0])


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
