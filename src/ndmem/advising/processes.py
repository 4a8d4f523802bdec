"""Findings of all processes of a run: the same line in many workers is one finding."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ndmem.analysis.index import fact
from ndmem.analysis.over_time.processes import member_indexes

from .advise import find_findings

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex
    from ndmem.model.finding import Finding


@fact
def find_in_processes(index: TraceIndex) -> tuple[Finding, ...]:
    """Find what to change in a program and in the processes that it started.

    Parameters
    ----------
    index : TraceIndex
        The run of the program, with its family.

    Returns
    -------
    tuple of Finding
        Sorted as by `find_findings`. What several processes have in common is one finding, with the process that it
        saves most first in `Finding.pids`.
    """
    found: dict[object, list[tuple[Finding, int]]] = {}
    members = member_indexes(index)
    for member in members:
        for finding in find_findings(member, tuple(other for other in members if other is not member)):
            found.setdefault((finding.rule, finding.site), []).append((finding, member.trace.run.pid))
    merged = [_merge(each, program=index.trace.run.pid) for each in found.values()]
    return tuple(sorted(merged, key=lambda finding: finding.saving.rank, reverse=True))


def _merge(found: list[tuple[Finding, int]], *, program: int) -> Finding:
    found = sorted(found, key=lambda each: each[0].saving.rank, reverse=True)
    pids = tuple(dict.fromkeys(pid for _, pid in found))
    return replace(found[0][0], pids=() if pids == (program,) else pids)
