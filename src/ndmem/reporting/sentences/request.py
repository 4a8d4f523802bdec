"""What a job asked its batch system for, against what it used, in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.ranks.request import RESERVE, compare_request
from ndmem.reporting.batch_size import write_batch_size
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex
    from ndmem.analysis.ranks.request import RequestUse
    from ndmem.model.memory_request import MemoryRequest


def request_sentence(index: TraceIndex) -> str | None:
    """Write what the job of a run asked for, what it used, and what would be enough.

    Returns
    -------
    str or None
        Such as ``The job asked for 8 GiB and used 2.1 GiB (peak of RSS): --mem=3G would do, with a reserve of 10%``;
        ``None`` if either is unknown.
    """
    found = compare_request(index)
    if found is None:
        return None
    on = f" on {found.host}" if found.host else ""
    used = f"used {'at least ' if found.is_part else ''}{format_nbytes(found.used_nbytes)}{on} (peak of RSS)"
    return f"The job asked for {_write_asked(found.request)} and {used}{_write_advice(found)}"


def _write_asked(request: MemoryRequest) -> str:
    if request.count == 1:
        return format_nbytes(request.nbytes)
    each = write_batch_size(request.each_nbytes)
    kind = request.option.removeprefix("--mem-per-").upper()
    return f"{format_nbytes(request.nbytes)} ({request.option}={each}, {request.count:,} {kind}s)"


def _write_advice(found: RequestUse) -> str:
    """Write what to ask for; an empty text if that is unknown."""
    each, enough, request = found.enough_each_nbytes, found.enough_nbytes, found.request
    if each is None or enough is None:
        return ""
    option = f"{request.option}={write_batch_size(each)}"
    reserve = f"a reserve of {100 // RESERVE}%"
    if each < request.each_nbytes:
        return f": {option} would do, with {reserve}"
    if found.used_nbytes > request.nbytes:
        return f": ask for {option}, with {reserve}"
    if each > request.each_nbytes:
        return f": that leaves less than {reserve}; {option} has it"
    return ": that is right"
