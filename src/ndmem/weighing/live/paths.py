"""Find names that lead to an object, backwards along references to variables."""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from types import CellType, FunctionType
from typing import Any

import numpy as np

from ndmem._walk import Graph, entries_of
from ndmem.weighing.mirror import instance_dict, is_a, qualname_of
from ndmem.weighing.naming import children

from .own_arrays import holds_own_arrays, is_own_scope
from .scopes import Scope, class_namespaces, class_scope, is_machinery

_DEEPEST = 8  # a handler's list in a logger, in a dict, in a manager, in a class: six steps, and two for its attributes
_MOST_REFERRERS = 50
_MOST_STEPS = 300
_MOST_NAMES = 12
_PLAIN = (dict, list, tuple, set, frozenset, CellType)
"""Types that say nothing about what an array is for: their holder does."""

_TRACEBACK = re.compile(r"(?: \(inside the traceback\))+\.tb_frame")


class Paths:
    """The names of nodes of a graph that has all objects of the process.

    Parameters
    ----------
    graph : Graph
        The walk.
    nodes : set of int
        Nodes whose names will be asked for.
    found : sequence of Scope
        The variables.
    hidden : frozenset of int
        Nodes of the walk itself, not of the program.
    """

    def __init__(self, graph: Graph, nodes: set[int], found: Sequence[Scope], hidden: frozenset[int]) -> None:
        self._graph = graph
        self._notebook = any(scope.notebook for scope in found)
        self._scopes = {graph.index(scope.variables): scope for scope in found}
        self._labels: dict[int, dict[int, list[str]]] = {}
        self._parents: dict[int, list[int]] = {}
        self._own: dict[int, bool] = {}
        level, seen = set(nodes), set(nodes)
        for _ in range(_DEEPEST):
            for source, target in graph.referrers(level):
                if source not in hidden:
                    self._parents.setdefault(target, []).append(source)
            level = {source for target in level for source in self._parents.get(target, ())}
            level -= seen | self._scopes.keys()
            seen |= level
        self._add_classes()

    def names(self, node: int) -> list[tuple[str, bool]]:
        """Return names of a node, shortest paths first, each with whether it belongs to the output history."""
        ways = self.ways(node)
        return [
            (f"{scope.before}{scope.within}{name}{shorten_way(path)}{scope.after}", scope.is_history(name))
            for scope, name, path in ways
        ]

    def owner(self, node: int) -> str | None:
        """Return the way to a node from the nearest object, as ``<Line2D object>._xorig``; ``None`` if none has it.

        It is for a node to which no variable leads, such as one in a cycle of references that nothing else refers to.
        """
        ways, seen = deque([(node, "")]), {node}
        plain: str | None = None
        for _ in range(_MOST_STEPS):
            if not ways:
                break
            held, path = ways.popleft()
            for source in self._parents.get(held, ())[:_MOST_REFERRERS]:
                longer = [] if source in seen else self._longer(source, held, path, node)
                seen.add(source)
                if not longer:
                    continue
                kind = type(self._graph.object_of(source))
                text = f"<{qualname_of(kind)} object>{longer[0]}"
                if kind not in _PLAIN:
                    return text
                plain = plain or text
                ways.append((source, longer[0]))
        return plain

    def is_own(self, node: int) -> bool:
        """Return whether all that leads to a node is part of ndmem."""
        holders = self._parents.get(node, ())
        return bool(holders) and all(map(self._is_within_own, holders))

    def _is_within_own(self, node: int) -> bool:
        # Kept: a list may hold a million arrays.
        if node not in self._own:
            self._own[node] = self._search_own(node)
        return self._own[node]

    def _search_own(self, node: int) -> bool:
        waiting, seen = [node], {node}
        while waiting:
            source = waiting.pop()
            scope = self._scopes.get(source)
            if scope is not None and not is_own_scope(scope):
                return False
            if scope is not None or holds_own_arrays(self._graph.object_of(source)):
                continue
            holders = self._parents.get(source)
            if not holders:
                return False  # held by code outside Python, or farther away than names are looked for
            waiting += [each for each in holders if each not in seen]
            seen.update(holders)
        return True

    def _add_classes(self) -> None:
        """Take the dicts to which nothing refers for those of classes: the walk does not go through types."""
        unknown = {source for sources in self._parents.values() for source in sources}
        unknown = {node for node in unknown - self._parents.keys() if type(self._graph.object_of(node)) is dict}
        if not unknown - self._scopes.keys():
            return
        classes = {id(variables): kind for kind, variables in class_namespaces()}
        for node in unknown:
            variables: Any = self._graph.object_of(node)
            kind = classes.get(id(variables))
            if kind is not None:
                self._scopes[node] = class_scope(kind, variables)

    def ways(self, node: int) -> list[tuple[Scope, str, str]]:
        """Return the variables that lead to a node, shortest paths first: scope, name, and the path after it."""
        found: dict[tuple[str, str, str], tuple[Scope, str, str]] = {}
        ways = deque([(node, "", 0)])
        steps = 0
        # Cycles have endless paths; a few names are enough.
        while ways and steps < _MOST_STEPS and len(found) < _MOST_NAMES:
            steps += 1
            held, path, depth = ways.popleft()
            for source in self._parents.get(held, ())[:_MOST_REFERRERS]:
                scope = self._scopes.get(source)
                if scope is not None:
                    for name in self._labels_in(source, held):
                        text = f"{name}{path}"
                        found.setdefault((scope.before + scope.within, text, scope.after), (scope, name, path))
                elif depth < _DEEPEST and not (self._notebook and is_machinery(self._graph.object_of(source))):
                    ways.extend((source, longer, depth + 1) for longer in self._longer(source, held, path, node))
        named = list(found.values())
        # Whoever handles an error has its traceback: a nearer name tells more.
        return [way for way in named if ".tb_frame" not in way[2]] or named

    def _longer(self, source: int, held: int, path: str, node: int) -> list[str]:
        """Return the path to a node with the step from one object to the next in front."""
        holder, thing = self._graph.object_of(source), self._graph.object_of(held)
        if is_a(holder, np.ndarray) and np.ndarray.base.__get__(holder) is thing:
            return []  # a view's reference to its base does not name the base
        if type(thing) is dict and instance_dict(holder) is thing:
            # An item of an instance's __dict__ is an attribute.
            return [re.sub(r"^\['(\w+)'\]", r".\1", path)]
        # A data frame names its columns, and nothing between.
        return (
            [f"{label}{path}" for label in self._labels_in(source, held)]
            or self._labels_in(source, node)
            or [f"{_way(holder, thing)}{path}"]
        )

    def _labels_in(self, source: int, node: int) -> list[str]:
        if source not in self._labels:
            known: dict[int, list[str]] = {}
            for label, child in _labelled(self._graph.object_of(source), source in self._scopes):
                known.setdefault(id(child), []).append(label)
            self._labels[source] = known
        return self._labels[source].get(id(self._graph.object_of(node)), [])


def shorten_way(path: str) -> str:
    """Leave out how a traceback leads to the function that an error ended: the function is named."""
    return _TRACEBACK.sub(".tb_frame", path)


def _way(holder: object, held: object) -> str:
    """Describe the step from an object to one that none of its labels names."""
    if is_a(held, CellType) or is_a(holder, FunctionType):
        return ""
    if is_a(holder, CellType):
        return " (closure)"
    return f" (inside the {type(holder).__qualname__})"


def _labelled(holder: Any, is_scope: bool) -> Iterator[tuple[str, object]]:
    if is_scope:
        entries = zip(*entries_of(holder), strict=True)
        yield from ((name, value) for name, value in entries if type(name) is str)
    else:
        named = children(holder)
        for position, child in enumerate(named.objects):
            if not is_a(child, CellType):
                yield named.label(position), child
