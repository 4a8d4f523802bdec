"""Read the file of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from .run import Run


def load(path: str | os.PathLike[str], *, packages: Sequence[str] = ()) -> Run:
    """Read the file of a run: a finished one, a running one or one that was killed.

    Parameters
    ----------
    path : path
        A file that ``run.save`` or ``ndmem run`` wrote.
    packages : sequence of str
        Installed packages that are the user's own code, beside those that the run itself noted; by their import names.

    Raises
    ------
    TraceError
        If it is not a trace, is truncated or damaged, or was written by a newer version.
    OSError
        If the file cannot be read.
    """
    # What these imports allocate is not the program's: this module is imported while it is tracked.
    from ndmem.tracking.recorder import untracked

    with untracked():
        from ndmem.tracking.journal.children import read_family
        from ndmem.tracking.journal.load import read_file

        from .run import Run

        trace = read_file(path, packages=packages)
        return Run(trace, path=path, family=read_family(path, trace))
