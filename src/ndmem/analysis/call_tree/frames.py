"""Which frames of a call stack are the user's, and which frame stands for a stack."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .tree import nearest_marked, roots, split_levels

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ndmem.model.columns import Bools, Int32s
    from ndmem.model.site import Site
    from ndmem.model.trace import Trace

_SEPARATORS = "/\\"

# Code that is generated or built in, never typed by the user. All other names in angle brackets
# (<string>, <stdin>, <ipython-input-…>, <doctest …>, <timeit-src>) hold what somebody typed.
_GENERATED = ("<frozen ", "<__array_function__ ", "<attrs generated ", "<decorator-gen-")

# Runs `python -m`: its `<module>` frames are not the program's.
_RUNPY = re.compile(r"(^|[/\\])runpy\.py$")

# The name of a ``python -c`` program, and also of code that a library generates (a dataclass, a namedtuple).
_STRING = "<string>"

_OWN_FOLDER = str(Path(__file__).absolute().parent.parent)


def mark_user_nodes(trace: Trace) -> Bools:
    """Find the frames of the call tree that run the user's code.

    These are the frames outside ``RunInfo.library_roots``, outside ndmem and not in generated code. If the
    whole program has none (``-m`` of an installed package), the package whose module code ran outermost is
    the user's: the folder of that file, or that file alone if it lies directly in a library root. If there
    is not even that, no frame is the user's.

    Returns
    -------
    (n,) bool
    """
    names = {site.filename for site in trace.sites}
    libraries = (*trace.run.library_roots, _OWN_FOLDER)
    # An empty name is no file: memory that was asked for where no Python frame ran.
    users = {name for name in names if name and not name.startswith(_GENERATED) and not _is_below(name, libraries)}
    if not _is_program(trace, _STRING):
        users.discard(_STRING)
    marked = _mark_nodes(trace, users)
    if marked.any() or not len(trace.tree):
        return marked
    return _mark_nodes(trace, _find_program_files(trace, names))


def _is_program(trace: Trace, filename: str) -> bool:
    """Tell whether code of that name is what was run, and not made by somebody who was called."""
    tree = trace.tree
    outermost = {trace.sites[site] for site in tree.site[tree.parent < 0].tolist()}
    return filename in trace.sources or any(
        site.filename == filename and site.function == "<module>" for site in outermost
    )


def standing_nodes(trace: Trace, marked: Bools) -> Int32s:
    """Return for each node the frame that stands for its stack.

    Parameters
    ----------
    trace : Trace
        The run.
    marked : (n,) bool
        The user's frames, from `mark_user_nodes`.

    Returns
    -------
    (n,) int32
        The user's frame nearest to the leaf; in a stack without one, the outermost frame.
    """
    parent = trace.tree.parent
    levels = split_levels(parent)
    nearest = nearest_marked(parent, levels, marked)
    return np.where(nearest >= 0, nearest, roots(parent, levels))


def user_site(trace: Trace, node: int) -> Site | None:
    """Return the site that stands for the stack of a node; ``None`` for node -1, where no stack is known."""
    if not 0 <= node < len(trace.tree):
        return None
    standing = int(standing_nodes(trace, mark_user_nodes(trace))[node])
    return trace.sites[int(trace.tree.site[standing])]


def _mark_nodes(trace: Trace, filenames: set[str]) -> Bools:
    """Find the nodes whose code is in one of the files."""
    of_site = np.array([site.filename in filenames for site in trace.sites], np.bool_)
    return of_site[trace.tree.site] if len(of_site) else np.zeros(len(trace.tree), np.bool_)


def _is_below(filename: str, folders: Iterable[str]) -> bool:
    """Tell whether a file lies in one of the folders, at any depth."""
    starts = [folder.rstrip(_SEPARATORS) for folder in folders]
    return filename.startswith(tuple(start + separator for start in starts if start for separator in _SEPARATORS))


def _find_program_files(trace: Trace, names: set[str]) -> set[str]:
    """Return the files of the installed package that was run."""
    folders, files = set(), set()
    library_roots = {folder.rstrip(_SEPARATORS) for folder in trace.run.library_roots}
    for filename in _outermost_modules(trace):
        folder = re.sub(r"[/\\][^/\\]*$", "", filename)
        if folder in library_roots or folder == filename:
            files.add(filename)
        else:
            folders.add(folder)
    return files | {name for name in names if _is_below(name, folders)}


def _outermost_modules(trace: Trace) -> set[str]:
    """Return the files whose module code ran outermost in a stack, leaving out what only starts programs."""
    is_module = np.array(
        [
            site.function == "<module>"
            and not site.filename.startswith(_GENERATED)
            and not _is_below(site.filename, (_OWN_FOLDER,))
            and _RUNPY.search(site.filename) is None
            for site in trace.sites
        ],
        np.bool_,
    )[trace.tree.site]
    parent = trace.tree.parent
    nearest = nearest_marked(parent, split_levels(parent), is_module)
    # The outermost of its stack: no caller of it is one.
    outermost = is_module & np.where(parent >= 0, nearest[parent] < 0, True)
    return {trace.sites[site].filename for site in np.unique(trace.tree.site[outermost])}
