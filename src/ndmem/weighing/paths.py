"""How names lead to an object: backwards along references, to variables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import CellType, FunctionType
from typing import Any

import numpy as np

from .._walk import Graph
from .naming import children, instance_dict
from .scopes import Scope

_DEEPEST = 4
_MOST_REFERRERS = 50


class Paths:
    """Names of nodes of a graph that was walked from all objects there are.

    Parameters
    ----------
    graph : Graph
        The walk.
    nodes : set of int
        Nodes whose names will be asked for.
    found : sequence of Scope
        The variables.
    hidden : set of int
        Nodes that are the walk's own, not the program's.
    """

    def __init__(self, graph: Graph, nodes: set[int], found: Sequence[Scope], hidden: set[int]) -> None:
        self._graph = graph
        self._scopes = {graph.index(scope.variables): scope for scope in found}
        self._labels: dict[int, dict[int, list[str]]] = {}
        self._parents: dict[int, list[int]] = {}
        level, seen = set(nodes), set(nodes)
        for _ in range(_DEEPEST):
            for source, target in graph.referrers(level):
                if source not in hidden:
                    self._parents.setdefault(target, []).append(source)
            level = {source for target in level for source in self._parents.get(target, ())}
            level -= seen | self._scopes.keys()
            seen |= level

    def names(self, node: int) -> list[tuple[str, bool]]:
        """Return names of a node, each with whether it is the notebook's output history's."""
        found: dict[str, bool] = {}
        for name, history in self._names(node, (node,)):
            found.setdefault(name, history)
        return list(found.items())

    def _names(self, node: int, below: tuple[int, ...]) -> Iterator[tuple[str, bool]]:
        for source in self._parents.get(node, ())[:_MOST_REFERRERS]:
            scope = self._scopes.get(source)
            if scope is not None:
                for name in self._labels_in(source, node):
                    yield f"{scope.before}{name}{scope.after}", scope.is_history(name)
            elif source not in below and len(below) < _DEEPEST:
                yield from self._through(source, node, (*below, source))

    def _through(self, source: int, node: int, below: tuple[int, ...]) -> Iterator[tuple[str, bool]]:
        """Yield names by way of one object that refers to the node."""
        holder = self._graph.object(source)
        if isinstance(holder, np.ndarray) and np.ndarray.base.__get__(holder) is self._graph.object(node):
            return  # a view's reference to its base gives the base no name
        labels = self._labels_in(source, node) or [_way(holder, self._graph.object(node))]
        for name, history in self._names(source, below):
            yield from ((_join(name, label), history) for label in labels)

    def _labels_in(self, source: int, node: int) -> list[str]:
        if source not in self._labels:
            known: dict[int, list[str]] = {}
            for label, child in _labelled(self._graph.object(source), source in self._scopes):
                known.setdefault(id(child), []).append(label)
            self._labels[source] = known
        return self._labels[source].get(id(self._graph.object(node)), [])


_OWN_DICT = "\0"


def _way(holder: object, held: object) -> str:
    """Say how an object leads to another that none of its labels names."""
    if isinstance(held, CellType) or isinstance(holder, FunctionType):
        return ""
    if isinstance(holder, CellType):
        return " (closure)"
    if type(held) is dict and instance_dict(holder) is held:
        return _OWN_DICT
    return f" (inside the {type(holder).__qualname__})"


def _join(name: str, label: str) -> str:
    # What lies in the __dict__ of an instance is an attribute.
    if name.endswith(_OWN_DICT):
        return f"{name[:-1]}.{label[2:-2]}" if label.startswith("['") else f"{name[:-1]}{label}"
    return f"{name}{label}"


def _labelled(holder: Any, is_scope: bool) -> Iterator[tuple[str, object]]:
    if is_scope:
        yield from ((name, value) for name, value in list(holder.items()) if isinstance(name, str))
    else:
        named = children(holder)
        for position, child in enumerate(named.objects):
            if not isinstance(child, CellType):
                yield named.label(position), child
