"""Read the file of a run, or those of the ranks of a parallel job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from .run import Run


def load(path: str | os.PathLike[str], *more: str | os.PathLike[str], packages: Sequence[str] = ()) -> Run:
    """Read the file of a run, finished, running or killed, or the files of the ranks of a parallel job.

    Parameters
    ----------
    path : path
        A file that ``run.save`` or ``ndmem run`` wrote, or a folder with those of the ranks of a job.
    *more : path
        The files of the job's other ranks.
    packages : sequence of str
        Installed packages that are the user's own code, beside those that the run itself noted; by their import names.

    Returns
    -------
    Run
        Of several ranks the one with most memory; its reports have the figures of all.

    Raises
    ------
    TraceError
        If it is not a trace, is truncated or damaged, or was written by a newer version; if the folder has no traces,
        or several that are not of one job.
    OSError
        If the file cannot be read.
    """
    # What these imports allocate is not the program's: this module is imported while it is tracked.
    from ndmem.tracking.recorder import untracked

    with untracked():
        from ndmem.tracking.journal.children import read_family
        from ndmem.tracking.journal.load import read_file

        from .run import Run

        if more or _is_folder_of_runs(path):
            from .job_run import list_runs, load_job

            folder = None if more else Path(path)
            files = [Path(each) for each in (path, *more)] if folder is None else list_runs(folder)
            return load_job(files, folder=folder, packages=packages)
        trace = read_file(path, packages=packages)
        return Run(trace, path=path, family=read_family(path, trace))


def _is_folder_of_runs(path: str | os.PathLike[str]) -> bool:
    """Whether it is a folder other than that of a run's child processes, which is read with the run."""
    from ndmem.file_kind import FOLDER, identify_file

    return Path(path).is_dir() and identify_file(Path(path)) is FOLDER
