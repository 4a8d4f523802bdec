"""Load a saved trace, or the journal of a run that has not ended or was killed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ndmem.errors import TraceError
from ndmem.steps import Step, begin
from ndmem.tracking.partial import find_record

from .blocks import DAMAGE

if TYPE_CHECKING:
    from ndmem.model.trace import Trace


def read_file(path: str | os.PathLike[str]) -> Trace:
    """Read a saved trace, or the journal of a run that has not ended or was killed.

    Raises
    ------
    TraceError
        If the file is neither, or is damaged.
    OSError
        If the file cannot be read.
    """
    # `import ndmem` imports this module, and must not import NumPy.
    from ndmem.model.trace_file.reading import read_trace

    from .assemble import assemble
    from .ending import find_ending
    from .reader import is_journal, read_journal

    place = Path(find_record(os.fspath(path)))
    begin(Step.READ)
    if not place.is_file() or not is_journal(place):
        return read_trace(place)
    try:
        journal = read_journal(place)
        journal.meta["ending"] = find_ending(journal, place)
        return assemble(journal)
    except TraceError as error:
        raise TraceError(f"{place.name}: {error}") from None
    except DAMAGE as error:
        raise TraceError(
            f"{place.name} is damaged: {error}; copy it again, or record the program again with ndmem run"
        ) from error
