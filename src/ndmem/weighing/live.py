"""`arrays`: the live array buffers of this process, largest first."""

from __future__ import annotations

import gc
from types import TracebackType
from typing import Any, cast

import numpy as np

from ndmem._walk import Graph
from ndmem.model.live import LiveArrays, LiveBuffer
from ndmem.units import parse_nbytes

from .paths import Paths
from .registry import rule_of
from .scopes import Scope, scopes
from .tracked import TrackedBuffer, TrackedBuffers, tracked_site

_HISTORY_DICTS = ("_oh[", "Out[")


def arrays(*, smallest: int | str = 0, traceback: TracebackType | None = None) -> LiveArrays:
    """Find the live array buffers of this process.

    Parameters
    ----------
    smallest : int or str
        Leave out buffers of fewer bytes.
    traceback : traceback, optional
        Of an exception: names also the variables of the functions that it ended.

    Returns
    -------
    LiveArrays
        Each buffer once, largest first, with the names that lead to it. While tracking, also the line that made it.

    Raises
    ------
    UnitError
        If `smallest` is not a number of bytes.

    Notes
    -----
    The walk starts from all objects that CPython's collector knows, all modules, and the locals of all running
    functions of all threads. An array that only C or C++ code holds is not found so. While tracking it is listed all
    the same, with its bytes and the line that made it, if it was made since tracking began.
    """
    least = max(1, parse_nbytes(smallest))
    found = list(scopes(traceback))
    everything = gc.get_objects()[::-1]  # the newest first: of many ways to an array they are the shortest
    graph = Graph(_resolve)
    try:
        return LiveArrays(_buffers(graph, everything, found, least))
    finally:
        # All objects there are include this function's frame, which holds the graph: a cycle nobody
        # would break.
        graph.clear()
        found.clear()
        everything.clear()


def _buffers(graph: Graph, everything: list[Any], found: list[Scope], least: int) -> tuple[LiveBuffer, ...]:
    tracked = TrackedBuffers(least)
    start = [everything, [scope.variables for scope in found]]
    graph.root(start)
    hidden = {graph.index(each) for each in (start, *start, found)}
    groups: dict[int, list[int]] = {}
    for node in graph.arrays():
        groups.setdefault(_root(graph.object_of(node)), []).append(node)
    kept = [nodes for nodes in groups.values() if _nbytes(graph, nodes, tracked) >= least]
    paths = Paths(graph, {node for nodes in kept for node in nodes}, found, hidden)
    buffers = [_buffer(graph, nodes, paths, tracked) for nodes in kept]
    seen = {tracked.at(_first(graph, nodes)) for nodes in groups.values()}
    buffers += [_unfound(buffer) for buffer in tracked if buffer not in seen]
    start.clear()
    return tuple(sorted(buffers, key=lambda buffer: -buffer.nbytes))


def _resolve(kind: type) -> Any:
    rule = rule_of(kind)
    return rule if isinstance(rule, str) else None


def _root(array: Any) -> int:
    """Return what identifies the buffer: the array that owns it, or what a foreign base is."""
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


def _owner(members: list[Any]) -> Any | None:
    return next((each for each in members if np.ndarray.flags.__get__(each).owndata), None)


def _first(graph: Graph, nodes: list[int]) -> int:
    """Return the first address that any of some arrays can reach."""
    return min(_extent(graph.object_of(node))[0] for node in nodes)


def _nbytes(graph: Graph, nodes: list[int], tracked: TrackedBuffers) -> int:
    members = [graph.object_of(node) for node in nodes]
    owner = _owner(members)
    if owner is not None:
        return int(np.ndarray.nbytes.__get__(owner))
    low, high = _hull([_extent(each) for each in members])
    buffer = tracked.at(low)
    return buffer.nbytes if buffer else high - low


def _unfound(buffer: TrackedBuffer) -> LiveBuffer:
    """Describe a buffer to which no reference was found."""
    return LiveBuffer(buffer.nbytes, None, None, None, (), 0, None, None, False, tracked_site(buffer))


def _buffer(graph: Graph, nodes: list[int], paths: Paths, tracked: TrackedBuffers) -> LiveBuffer:
    members = [graph.object_of(node) for node in nodes]
    owner = _owner(members)
    shown = owner if owner is not None else max(members, key=lambda each: int(np.ndarray.nbytes.__get__(each)))
    named: dict[str, bool] = {}
    seen = []
    for node, member in zip(nodes, members, strict=True):
        names = paths.names(node)
        named.update(names)
        if names:
            seen.append(_extent(member))
    nbytes = _nbytes(graph, nodes, tracked)
    low, high = _hull(seen) if seen else (0, nbytes)
    known = tracked.at(_extent(shown)[0])
    flags = np.ndarray.flags.__get__(shown)
    order = ("C" if flags.c_contiguous else "") + ("F" if flags.f_contiguous else "")
    return LiveBuffer(
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
    """Leave out the notebook's second and third names of one output: ``_oh[3]`` and ``_3`` are ``Out[3]``."""
    outs = {name[4:-1] for name in named if name.startswith("Out[")}
    return tuple(
        name for name in named if not (outs and (name.startswith("_oh[") or (name[:1] == "_" and name[1:] in outs)))
    )
