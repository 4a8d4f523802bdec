"""Load a saved trace, or the journal of a run that has not ended or was killed."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ndmem.errors import TraceError
from ndmem.steps import Step, begin
from ndmem.tracking.journal.file.blocks import DAMAGE
from ndmem.tracking.partial import find_record
from ndmem.user_code import find_user_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ndmem.model.trace import Trace


def read_file(path: str | os.PathLike[str], *, packages: Sequence[str] = ()) -> Trace:
    """Read a saved trace, or the journal of a run that has not ended or was killed.

    Parameters
    ----------
    path : path
        The file.
    packages : sequence of str
        Installed packages that are the user's, beside those that the run itself noted.

    Raises
    ------
    TraceError
        If the file is neither, or is damaged.
    OSError
        If the file cannot be read.
    """
    # `import ndmem` imports this module, and must not import NumPy.
    from ndmem.model.trace_file.reading import read_trace
    from ndmem.tracking.journal.file.reader import is_journal, read_journal

    from .assemble import assemble
    from .ending import find_ending

    place = Path(find_record(os.fspath(path)))
    begin(Step.READ)
    if not place.is_file() or not is_journal(place):
        return _add_packages(read_trace(place), packages)
    try:
        journal = read_journal(place)
        journal.meta["ending"] = find_ending(journal, place)
        journal.meta["packages"] = [*journal.meta.get("packages", ()), *packages]
        return assemble(journal)
    except TraceError as error:
        raise TraceError(f"{place.name}: {error}") from None
    except DAMAGE as error:
        raise TraceError(
            f"{place.name} is damaged: {error}; copy it again, or record the program again with ndmem run"
        ) from error


def _add_packages(trace: Trace, packages: Sequence[str]) -> Trace:
    """Return a trace in which more installed packages are the user's, with the present text of their files."""
    from .sources import read_texts

    if not packages:
        return trace
    run = dataclasses.replace(trace.run, packages=(*trace.run.packages, *packages))
    users = find_user_files({site.filename for site in trace.sites}, run.library_roots, packages=run.packages)
    sources = read_texts(sorted(users - trace.sources.keys()), {})
    return dataclasses.replace(trace, run=run, sources={**trace.sources, **sources})
