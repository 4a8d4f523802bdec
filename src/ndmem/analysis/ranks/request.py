"""What a job asked its batch system for, against what it used on a node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndmem.analysis.index import fact

from .figures import highest_resident

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex
    from ndmem.model.memory_request import MemoryRequest

    from .job import Job

_MIB = 1024**2
_GIB = 1024**3

RESERVE = 10
"""A request keeps one part of this many in reserve: runs differ by what malloc keeps, page tables and file pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestUse:
    """Memory that a job asked for on a node, and what it used there.

    Attributes
    ----------
    request : MemoryRequest
        What it asked for.
    used_nbytes : int
        Highest resident memory of its processes on the node, each at its own peak.
    host : str or None
        The node, if the job had several.
    is_part : bool
        Whether other ranks on the node are not in ``used_nbytes``, or a process was cut short.
    enough_nbytes : int or None
        What the option should name for a node: what was used and a reserve, rounded up; ``None`` if only a part is
        known.
    """

    request: MemoryRequest
    used_nbytes: int
    host: str | None
    is_part: bool
    enough_nbytes: int | None

    @property
    def enough_each_nbytes(self) -> int | None:
        """The same for each CPU or GPU, if the option counts these."""
        if self.enough_nbytes is None:
            return None
        return round_up(-(-self.enough_nbytes // self.request.count), step=16 * _MIB)


@fact
def compare_request(index: TraceIndex) -> RequestUse | None:
    """Compare what the job of a run asked for with what it used; ``None`` if either is unknown."""
    if index.job is not None:
        return _compare_job(index.job)
    run = index.trace.run
    used = highest_resident(index)
    if run.request is None or used is None:
        return None
    is_part = run.is_cut or (run.rank is not None and run.rank.is_one_of_several)
    return _compare(run.request, used, host=None, is_part=is_part)


def _compare_job(job: Job) -> RequestUse | None:
    request = next((each.request for each in job.ranks if each.request is not None), None)
    hosts = job.hosts()
    if request is None or hosts[0].rss_peak_nbytes is None:
        return None
    is_part = bool(job.missing) or job.size is None or any(each.is_cut for each in job.ranks)
    return _compare(request, hosts[0].rss_peak_nbytes, host=hosts[0].host if len(hosts) > 1 else None, is_part=is_part)


def _compare(request: MemoryRequest, used: int, *, host: str | None, is_part: bool) -> RequestUse:
    enough = None if is_part else add_reserve(used)
    return RequestUse(request=request, used_nbytes=used, host=host, is_part=is_part, enough_nbytes=enough)


def add_reserve(nbytes: int) -> int:
    """Return what to ask for where so much is used: a tenth more, rounded up to a size that a person would write."""
    wanted = nbytes + -(-nbytes // RESERVE)
    return round_up(wanted, step=_GIB if wanted >= 2 * _GIB else 64 * _MIB)


def round_up(nbytes: int, *, step: int) -> int:
    """Return the next multiple of a step."""
    return -(-nbytes // step) * step
