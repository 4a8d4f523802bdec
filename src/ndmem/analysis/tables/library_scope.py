"""Whose variable a name is: that of a library's function, which says nothing without the function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ndmem.analysis.call_tree.frames import mark_user_nodes
from ndmem.analysis.index import fact
from ndmem.user_code import library_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.analysis.index import TraceIndex
    from ndmem.model.holder import Holder
    from ndmem.model.site import Site


@dataclass(frozen=True, slots=True)
class LibraryScope:
    """The function of a library whose local a variable is, or the module whose global it is.

    Attributes
    ----------
    function : str
        The function, or the module's whole name.
    filename : str
        File of the function; empty for a module, and if functions of this name ran in several files.
    """

    function: str
    filename: str


def find_library_scope(index: TraceIndex, holder: Holder) -> LibraryScope | None:
    """Return the library's function or module whose variable holds an array; ``None`` for the user's own code.

    A holder has only the name of its function. The stack that allocated when it was found has the file; a function of
    another thread, or one that has returned, is recognized by its name.
    """
    return _find_scope(index, holder.function, holder.events)


@fact
def _find_scope(index: TraceIndex, function: str, events: int) -> LibraryScope | None:
    sites = [site for site in _sites_around(index, events) if site.function == function][:1]
    sites = sites or _sites_by_function(index).get(function, [])
    users, roots = _user_files(index), index.trace.run.library_roots
    if any(site.filename in users for site in sites):
        return None
    files = {site.filename for site in sites if library_of(site.filename, roots) is not None}
    if files:
        return LibraryScope(function, files.pop() if len(files) == 1 else "")
    is_module = not sites and function.partition(".")[0] in _libraries(index)
    return LibraryScope(function, "") if is_module else None


def _sites_around(index: TraceIndex, events: int) -> Iterator[Site]:
    """Yield the frames of the events before and after a search, leaf first: one of the two has caused it."""
    trace = index.trace
    for event in (events, events - 1):
        if 0 <= event < len(trace.events) and (node := int(trace.events.stack[event])) >= 0:
            yield from trace.stack(node)


@fact
def _sites_by_function(index: TraceIndex) -> dict[str, list[Site]]:
    found: dict[str, list[Site]] = {}
    for site in index.trace.sites:
        found.setdefault(site.function, []).append(site)
    return found


@fact
def _user_files(index: TraceIndex) -> frozenset[str]:
    trace = index.trace
    return frozenset(trace.sites[site].filename for site in np.unique(trace.tree.site[mark_user_nodes(index)]))


@fact
def _libraries(index: TraceIndex) -> frozenset[str | None]:
    roots = index.trace.run.library_roots
    return frozenset(library_of(filename, roots) for filename in {site.filename for site in index.trace.sites})
