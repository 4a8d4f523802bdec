"""Arrays that only a cycle of references keeps alive, until the garbage collector runs."""

from __future__ import annotations

from ndmem.weighing.tracked import TrackedBuffers

from .everything import walk_everything
from .garbage import name_owner
from .object_holders import Found, find_address
from .paths import Paths


def find_cycle_holders(*, smallest: int) -> Found:
    """Find the recorded buffers that no variable leads to, and the classes of the objects that hold them.

    Parameters
    ----------
    smallest : int
        Skip buffers of fewer bytes.

    Returns
    -------
    tuple
        As `find_object_holders` returns it; in place of a name the class of the nearest object that is not a plain
        container, and no function.
    """
    buffers = TrackedBuffers(smallest)
    with walk_everything() as everything:
        graph = everything.graph
        starts = {}
        for node in graph.arrays():
            buffer = buffers.at(find_address(graph.object_of(node)))
            if buffer is not None:
                starts[node] = buffer.start
        paths = Paths(graph, set(starts), everything.found, everything.hidden)
        return tuple(
            (graph.object_of(node), owner, "", start)
            for node, start in starts.items()
            if not paths.ways(node) and (owner := name_owner(graph, node, everything.hidden))
        )
