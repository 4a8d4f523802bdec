"""Phases of a process in which no line of the user's ran."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import numpy as np

from ndmem.analysis.call_tree.frames import mark_user_nodes, standing_nodes
from ndmem.analysis.call_tree.levels import nearest_marked, tree_levels
from ndmem.analysis.index import fact
from ndmem.user_code import library_of

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex
    from ndmem.model.columns import Bools

IMPORT_SYSTEM = ("<frozen importlib", "<frozen zipimport")
"""Files of Python's import system."""


class Phase(enum.Enum):
    """What a process did at a moment.

    Attributes
    ----------
    PROGRAM
        A line of the program or of a library ran.
    IMPORTS
        Modules were imported.
    TRACEBACK
        After the last line of a program that failed it prints the traceback, for which it imports modules.
    OUTSIDE
        No Python code ran in the thread.
    """

    PROGRAM = "program"
    IMPORTS = "imports"
    TRACEBACK = "traceback"
    OUTSIDE = "outside"


@fact
def below_user_code(index: TraceIndex) -> Bools:
    """Find the nodes whose stack has a frame of the user's, shape (n,)."""
    return nearest_marked(index.trace.tree.parent, tree_levels(index), mark_user_nodes(index)) >= 0


@fact
def below_traceback(index: TraceIndex) -> Bools:
    """Find the nodes below Python's own call of `traceback`, which prints an error that nothing caught, shape (n,).

    With a limit ndmem's hook is around that call.
    """
    trace = index.trace
    parent = trace.tree.parent
    starts, own = (_mark_sites(index, library)[trace.tree.site] for library in ("traceback", "ndmem"))
    if not starts.any():
        return np.zeros(len(parent), np.bool_)
    outermost = ~own & ((parent < 0) | own[parent])
    roots = nearest_marked(parent, tree_levels(index), outermost)
    return (roots >= 0) & starts[roots]


def _mark_sites(index: TraceIndex, library: str) -> Bools:
    """Mark the sites of a library, shape (sites,)."""
    roots = index.trace.run.library_roots
    return np.array([library_of(site.filename, roots) == library for site in index.trace.sites], np.bool_)


def find_phase(index: TraceIndex, node: int, *, events: int) -> Phase:
    """Return the phase of an event.

    Parameters
    ----------
    index : TraceIndex
        The run.
    node : int
        Node of the call tree at which it happened; -1 if it is unknown.
    events : int
        Number of events up to and including it.
    """
    trace = index.trace
    if node < 0 or below_user_code(index)[node]:
        return Phase.PROGRAM
    filename = trace.sites[trace.tree.site[standing_nodes(index)[node]]].filename
    # With a limit ndmem's hook is around Python's own call.
    roots = trace.run.library_roots
    root = next((s.filename for s in reversed(trace.stack(node)) if library_of(s.filename, roots) != "ndmem"), "")
    if not filename:
        return Phase.OUTSIDE
    if below_traceback(index)[node]:
        return Phase.TRACEBACK
    if not root.startswith(IMPORT_SYSTEM):
        return Phase.PROGRAM
    failed = (trace.run.exit_status or 0) > 0
    later = below_user_code(index)[trace.events.stack[events:]]
    return Phase.TRACEBACK if failed and not np.any(later) else Phase.IMPORTS
