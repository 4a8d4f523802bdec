"""The live array buffers of this process, largest first."""

from types import TracebackType
from typing import Any, cast

import numpy as np

from ndmem._walk import Graph
from ndmem.model.memory.live import ArrayBuffer, LiveArrays
from ndmem.units import parse_nbytes
from ndmem.weighing.tracked import TrackedBuffer, TrackedBuffers, tracked_site

from .everything import Everything, walk_everything
from .paths import Paths

_HISTORY_DICTS = ("_oh[", "Out[")


def find_arrays(*, smallest: int | str = 0, traceback: TracebackType | None = None) -> LiveArrays:
    """Find the live array buffers of the program: see `ndmem.arrays`, which prints them too."""
    least = max(1, parse_nbytes(smallest))
    with walk_everything(traceback) as everything:
        return LiveArrays(_buffers(everything, least))


def _buffers(everything: Everything, least: int) -> tuple[ArrayBuffer, ...]:
    graph, tracked = everything.graph, TrackedBuffers(least)
    groups = group_by_buffer(graph)
    kept = [nodes for nodes in groups.values() if find_nbytes(graph, nodes, tracked) >= least]
    paths = Paths(graph, {node for nodes in kept for node in nodes}, everything.found, everything.hidden)
    theirs = [nodes for nodes in kept if not all(map(paths.is_own, nodes))]
    buffers = [_buffer(graph, nodes, paths, tracked) for nodes in theirs]
    seen = {tracked.at(find_first(graph, nodes)) for nodes in groups.values()}
    buffers += [_unfound(buffer) for buffer in tracked if buffer not in seen]
    return tuple(sorted(buffers, key=lambda buffer: -buffer.nbytes))


def group_by_buffer(graph: Graph) -> dict[int, list[int]]:
    """Return the nodes of all arrays, those of one buffer together."""
    groups: dict[int, list[int]] = {}
    for node in graph.arrays():
        groups.setdefault(_root(graph.object_of(node)), []).append(node)
    return groups


def _root(array: Any) -> int:
    """Return the id of the object that owns the buffer: an array, or a foreign base."""
    base = np.ndarray.base.__get__(array)
    while isinstance(base, np.ndarray):
        array, base = base, np.ndarray.base.__get__(base)
    return id(array if base is None else base)


def _extent(array: Any) -> tuple[int, int]:
    """Return the first address and the one past the last that an array can reach."""
    plain = np.ndarray.view(array, np.ndarray)
    low = plain.__array_interface__["data"][0]
    if plain.size == 0:
        return low, low
    steps = [(length - 1) * stride for length, stride in zip(plain.shape, plain.strides, strict=True)]
    return low + sum(min(step, 0) for step in steps), low + sum(max(step, 0) for step in steps) + plain.itemsize


def _hull(extents: list[tuple[int, int]]) -> tuple[int, int]:
    return min(low for low, _ in extents), max(high for _, high in extents)


def find_owner(members: list[Any]) -> Any | None:
    """Return the array that owns the buffer of some arrays; ``None`` if none of them does."""
    return next((each for each in members if np.ndarray.flags.__get__(each).owndata), None)


def find_first(graph: Graph, nodes: list[int]) -> int:
    """Return the first address that any of some arrays can reach."""
    return min(_extent(graph.object_of(node))[0] for node in nodes)


def find_nbytes(graph: Graph, nodes: list[int], tracked: TrackedBuffers) -> int:
    """Return the bytes of the buffer that some arrays share."""
    members = [graph.object_of(node) for node in nodes]
    owner = find_owner(members)
    if owner is not None:
        return int(np.ndarray.nbytes.__get__(owner))
    low, high = _hull([_extent(each) for each in members])
    buffer = tracked.at(low)
    return buffer.nbytes if buffer else high - low


def _unfound(buffer: TrackedBuffer) -> ArrayBuffer:
    """Describe a buffer without known references."""
    return ArrayBuffer(buffer.nbytes, None, None, None, (), 0, None, None, False, tracked_site(buffer))


def _buffer(graph: Graph, nodes: list[int], paths: Paths, tracked: TrackedBuffers) -> ArrayBuffer:
    members = [graph.object_of(node) for node in nodes]
    owner = find_owner(members)
    shown = owner if owner is not None else max(members, key=lambda each: int(np.ndarray.nbytes.__get__(each)))
    named: dict[str, bool] = {}
    seen = []
    for node, member in zip(nodes, members, strict=True):
        names = paths.names(node)
        named.update(names)
        if names:
            seen.append(_extent(member))
    nbytes = find_nbytes(graph, nodes, tracked)
    low, high = _hull(seen) if seen else (0, nbytes)
    known = tracked.at(_extent(shown)[0])
    flags = np.ndarray.flags.__get__(shown)
    order = ("C" if flags.c_contiguous else "") + ("F" if flags.f_contiguous else "")
    return ArrayBuffer(
        nbytes=nbytes,
        shape=cast("tuple[int, ...]", np.ndarray.shape.__get__(shown)),
        dtype=str(np.ndarray.dtype.__get__(shown)),
        order=order or "neither",
        names=_without_doubles(named),
        n_views=len(members) - (owner is not None),
        span=high - low,
        pinned=max(0, nbytes - (high - low)),
        history=bool(named) and all(history or name.startswith(_HISTORY_DICTS) for name, history in named.items()),
        site=tracked_site(known) if known else None,
    )


def _without_doubles(named: dict[str, bool]) -> tuple[str, ...]:
    """Drop the notebook's other names of an output: ``_oh[3]`` and ``_3`` are ``Out[3]``."""
    outs = {name[4:-1] for name in named if name.startswith("Out[")}
    return tuple(
        name for name in named if not (outs and (name.startswith("_oh[") or (name[:1] == "_" and name[1:] in outs)))
    )
