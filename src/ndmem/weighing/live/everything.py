"""Walk from all live objects: those of the garbage collector, all modules, the variables of running functions."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from ndmem._walk import Graph, tracked_objects
from ndmem.weighing.registry import rule_of

from .scopes import Scope, class_namespaces, scopes


@dataclass(frozen=True, slots=True)
class Everything:
    """The walk, and its roots.

    Attributes
    ----------
    graph : Graph
        What it met.
    found : list of Scope
        The variables of modules and functions.
    hidden : frozenset of int
        Nodes that are the walk's own, not the program's.
    """

    graph: Graph
    found: list[Scope]
    hidden: frozenset[int]


@contextmanager
def walk_everything(traceback: TracebackType | None = None) -> Iterator[Everything]:
    """Walk from all objects of the process; release all of them at the end.

    Parameters
    ----------
    traceback : traceback, optional
        The variables of its functions are found too.
    """
    found = list(scopes(traceback))
    everything = tracked_objects()
    # The collector does not list frozen objects (`gc.freeze`), and the walk does not go through types: what only frozen
    # classes hold would not be met.
    classes = [variables for _, variables in class_namespaces()] if gc.get_freeze_count() else []
    start: list[Any] = [everything, [scope.variables for scope in found], classes]
    graph = Graph(_resolve)
    try:
        graph.root(start)
        yield Everything(graph, found, frozenset(graph.index(each) for each in (start, *start, found)))
    finally:
        # The objects include this function's frame, which holds the graph: a cycle that would never be freed.
        graph.clear()
        start.clear()
        found.clear()
        everything.clear()
        classes.clear()


def _resolve(kind: type) -> Any:
    # Without rules in Python: there may be millions of objects.
    rule = rule_of(kind)
    return rule if isinstance(rule, str) else None
