"""The text of the source files of a run."""

from __future__ import annotations

import contextlib
import linecache
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ndmem.user_code import GENERATED, find_user_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ndmem.model.columns import CallTree, Int64s
    from ndmem.model.site import Site
    from ndmem.model.trace import RunInfo

# A journal may name a device or a pipe, whose text never ends.
_LONGEST_SOURCE = 2**24
# A library file gets its text if stacks without a user frame allocated this many bytes there.
_NOTABLE_NBYTES = 2**16


def read_sources(
    sites: Sequence[Site], tree: CallTree, total: Int64s, run: RunInfo, given: Mapping[str, str]
) -> dict[str, str]:
    """Return the text of the files whose lines a report names.

    These are the user's files, and those of the library lines that stand for a stack without a user frame.

    Parameters
    ----------
    sites : sequence of Site
        Source places.
    tree : CallTree
        Call stacks.
    total : (n,) int64
        Bytes that each node of the tree ever allocated.
    run : RunInfo
        Which files are the user's.
    given : mapping of str to str
        Texts that the run itself recorded, by file name.
    """
    users = find_user_files(
        {site.filename for site in sites},
        run.library_roots,
        packages=run.packages,
        program_packages=run.program_packages,
        program=run.program,
    )
    return read_texts(sorted(users | _find_standing_files(sites, tree, total, users)), given)


def read_texts(filenames: Iterable[str], given: Mapping[str, str]) -> dict[str, str]:
    """Return the present text of files; of those in ``given`` the text that is there."""
    texts = {name: given[name] if name in given else _read_source(name) for name in filenames}
    return {name: text for name, text in texts.items() if text or name in given}


def _find_standing_files(sites: Sequence[Site], tree: CallTree, total: Int64s, users: set[str]) -> set[str]:
    """Return the library files of the innermost frames of stacks without a user frame."""
    files = [site.filename if not site.filename.startswith(GENERATED) else "" for site in sites]
    parent, site_of = tree.parent.tolist(), tree.site.tolist()
    covered: list[bool] = []
    innermost: list[str] = []
    for up, site in zip(parent, site_of, strict=True):  # parents come before their children
        covered.append(files[site] in users or (up >= 0 and covered[up]))
        innermost.append(files[site] or (innermost[up] if up >= 0 else ""))
    notable = np.flatnonzero(total >= _NOTABLE_NBYTES).tolist()
    return {innermost[node] for node in notable if not covered[node]} - {""}


def _read_source(filename: str) -> str:
    """Return the text of a source file; empty for one that is not regular, too long, or missing."""
    with contextlib.suppress(OSError):  # a notebook's cell is in no file
        found = Path(filename).stat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > _LONGEST_SOURCE:
            return ""
    linecache.checkcache(filename)
    return "".join(linecache.getlines(filename))
