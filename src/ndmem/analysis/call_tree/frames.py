"""Frames of the user in the call tree, and the frame that stands for each stack."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from ndmem.analysis.file_names import folder_name
from ndmem.analysis.index import fact
from ndmem.user_code import GENERATED, OWN_FOLDER, STRING, find_user_files, is_below

from .levels import nearest_marked, node_depths, roots, tree_levels

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex
    from ndmem.model.columns import Bools, Int32s
    from ndmem.model.site import Site
    from ndmem.model.trace import Trace

# The standard library's runner of `python -m`: its `<module>` frames are not the program's.
_RUNPY = re.compile(r"(^|[/\\])runpy\.py$")


@fact
def mark_user_nodes(index: TraceIndex) -> Bools:
    """Find the frames of the call tree that run the user's code.

    These are the frames outside ``RunInfo.library_roots``, outside ndmem and not in generated code, and those of the
    packages that are the user's none the less, see `find_user_files`. If the whole program has none, the package whose
    module code ran outermost counts as the user's: the folder of that file, or that file alone if it lies directly in
    a library root. If no module code ran either, no frame is the user's.

    Returns
    -------
    (n,) bool
    """
    trace = index.trace
    names = {site.filename for site in trace.sites}
    run = trace.run
    users = find_user_files(
        names,
        run.library_roots,
        packages=run.packages,
        program_packages=run.program_packages,
        program=run.program,
    )
    if not _is_program(trace, STRING):
        users.discard(STRING)
    marked = _mark_nodes(trace, users)
    if marked.any() or not len(trace.tree):
        return marked
    return _mark_nodes(trace, _find_program_files(index, names))


def _is_program(trace: Trace, filename: str) -> bool:
    """Tell whether a file name is that of the program itself, and not of code that a library generated."""
    tree = trace.tree
    outermost = {trace.sites[site] for site in tree.site[tree.parent < 0].tolist()}
    return filename in trace.sources or any(
        site.filename == filename and site.function == "<module>" for site in outermost
    )


@fact
def standing_nodes(index: TraceIndex) -> Int32s:
    """Return for each node the frame that stands for its stack.

    Parameters
    ----------
    index : TraceIndex
        The run.

    Returns
    -------
    (n,) int32
        The user's frame nearest to the leaf. In a stack without one, as in a thread of a library, the innermost frame
        of a file, for the outermost one is ``threading.py`` in all of them. Without a file, the outermost frame.
    """
    trace = index.trace
    parent, levels = trace.tree.parent, tree_levels(index)
    files = {site.filename for site in trace.sites if site.filename and not site.filename.startswith(GENERATED)}
    standing = roots(parent, levels)
    for marked in (_mark_nodes(trace, files), mark_user_nodes(index)):
        nearest = nearest_marked(parent, levels, marked)
        standing = np.where(nearest >= 0, nearest, standing)
    return standing


@fact
def statement_depths(index: TraceIndex) -> Int32s:
    """Return the depth of the frame whose end ends what is temporary at each node, shape (n,).

    It is that of the standing frame. In a stack without a frame of the user's it is the outermost one: which statement
    of a library a reader would take for one step is unknown.
    """
    parent, levels = index.trace.tree.parent, tree_levels(index)
    nearest = nearest_marked(parent, levels, mark_user_nodes(index))
    return np.where(nearest >= 0, node_depths(index)[nearest], 0).astype(np.int32, copy=False)


def user_site(index: TraceIndex, node: int) -> Site | None:
    """Return the site that stands for the stack of a node; ``None`` for node -1, an unknown stack."""
    trace = index.trace
    if not 0 <= node < len(trace.tree):
        return None
    standing = int(standing_nodes(index)[node])
    return trace.sites[int(trace.tree.site[standing])]


def _mark_nodes(trace: Trace, filenames: set[str]) -> Bools:
    of_site = np.array([site.filename in filenames for site in trace.sites], np.bool_)
    return of_site[trace.tree.site] if len(of_site) else np.zeros(len(trace.tree), np.bool_)


def _find_program_files(index: TraceIndex, names: set[str]) -> set[str]:
    folders, files = set(), set()
    library_roots = {folder.rstrip("/\\") for folder in index.trace.run.library_roots}
    for filename in _outermost_modules(index):
        folder = folder_name(filename)
        if folder in library_roots or not folder:
            files.add(filename)
        else:
            folders.add(folder)
    return files | {name for name in names if is_below(name, folders)}


def _outermost_modules(index: TraceIndex) -> set[str]:
    """Return the files whose module code ran outermost in a stack, without those that only start programs."""
    trace = index.trace
    is_module = np.array(
        [
            site.function == "<module>"
            and not site.filename.startswith(GENERATED)
            and not is_below(site.filename, (OWN_FOLDER,))
            and _RUNPY.search(site.filename) is None
            for site in trace.sites
        ],
        np.bool_,
    )[trace.tree.site]
    parent = trace.tree.parent
    nearest = nearest_marked(parent, tree_levels(index), is_module)
    # The outermost of its stack: none of its callers is module code.
    outermost = is_module & np.where(parent >= 0, nearest[parent] < 0, True)
    return {trace.sites[site].filename for site in np.unique(trace.tree.site[outermost])}
