"""Figures of one rank of a parallel job, small enough to keep those of hundreds of ranks at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ndmem.analysis.answer.lead import own_nbytes
from ndmem.analysis.background import mark_import_nodes
from ndmem.analysis.call_tree.frames import standing_nodes, user_site
from ndmem.analysis.domains import of_domain
from ndmem.analysis.moment import Moment, nbytes_by_node
from ndmem.analysis.over_time.processes import member_indexes, process_tree
from ndmem.analysis.peak import find_peak_node
from ndmem.analysis.tables.sources import source_files
from ndmem.model.columns import Domain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.analysis.index import TraceIndex
    from ndmem.model.memory_request import MemoryRequest
    from ndmem.model.rank import Rank
    from ndmem.model.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class RankLine:
    """Line of the program, in one rank.

    Attributes
    ----------
    filename, lineno, function, source
        As `Line` has them.
    nbytes : int
        Bytes of the arrays that it allocated, itself or through libraries, and that are live at the rank's peak.
    native_nbytes : int
        Bytes of its native blocks live at the rank's total peak; 0 if native memory was not tracked.
    """

    filename: str
    lineno: int
    function: str
    source: str | None
    nbytes: int
    native_nbytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RankFigures:
    """Figures of one rank, with the processes that it started.

    Attributes
    ----------
    rank : Rank
        Which one it is.
    file : str
        The file of its trace.
    pid : int
        Process id.
    processes : int
        Number of its recorded processes.
    program : tuple of str
        Command line.
    started : float
        Seconds since the epoch.
    ended : str or None
        How it ended: ``"exit"``, ``"signal 9"``, ``"running"``; see `RunInfo.ended`.
    exit_status : int or None
        Negative signal number if a signal ended it; ``None`` if it is unknown.
    is_cut : bool
        Whether its record stops before the program came to its own end.
    peak_nbytes : int
        Highest live bytes of its arrays, of all its processes together.
    total_peak_nbytes : int or None
        The same with native blocks; ``None`` if native memory was not tracked.
    rss_peak_nbytes : int or None
        Its highest resident memory, of all its processes if that was sampled; ``None`` if it is unknown.
    live_nbytes_at_end : int
        Bytes of arrays live at the end.
    own_nbytes : int
        Highest memory that its lines can change, of its process with most.
    peak_site : Site or None
        The user's line that reached its peak.
    request : MemoryRequest or None
        What its job asked for.
    lines : tuple of RankLine
        Lines that allocated what is live at its peak, without those that only imported modules.
    """

    rank: Rank
    file: str
    pid: int
    processes: int
    program: tuple[str, ...]
    started: float
    ended: str | None
    exit_status: int | None
    is_cut: bool
    peak_nbytes: int
    total_peak_nbytes: int | None
    rss_peak_nbytes: int | None
    live_nbytes_at_end: int
    own_nbytes: int
    peak_site: Site | None
    request: MemoryRequest | None
    lines: tuple[RankLine, ...]


def describe_rank(index: TraceIndex, rank: Rank, file: str) -> RankFigures:
    """Compute the figures of a rank.

    Parameters
    ----------
    index : TraceIndex
        The run of the rank, with its child processes.
    rank : Rank
        Which one it is.
    file : str
        The file of its trace.
    """
    trace, members = index.trace, member_indexes(index)
    run, (peak_nbytes, total_peak_nbytes) = trace.run, _find_peaks(index)
    return RankFigures(
        rank=rank,
        file=file,
        pid=run.pid,
        processes=len(members),
        program=run.program,
        started=run.started,
        ended=run.ended,
        exit_status=run.exit_status,
        is_cut=run.is_cut,
        peak_nbytes=peak_nbytes,
        total_peak_nbytes=total_peak_nbytes,
        rss_peak_nbytes=highest_resident(index),
        live_nbytes_at_end=sum(each.trace.live_nbytes for each in members),
        own_nbytes=max(map(own_nbytes, members)),
        peak_site=user_site(index, find_peak_node(index)),
        request=run.request,
        lines=tuple(_merge(line for each in members for line in _list_lines(each))),
    )


def _find_peaks(index: TraceIndex) -> tuple[int, int | None]:
    """Return the highest live bytes of arrays, and with native blocks, of all processes at one moment."""
    trace = index.trace
    if len(index.family.members) < 2:  # the curves of all processes take as long as the rest
        return int(trace.peak.nbytes), None if trace.total is None else int(trace.total.nbytes)
    tree = process_tree(index)
    return tree.peak_nbytes, tree.total_peak_nbytes


def highest_resident(index: TraceIndex) -> int | None:
    """Return the highest resident memory of a run, of its processes together if sampled; ``None`` if unknown."""
    together = index.trace.together
    known = [index.trace.rss_peak_nbytes, None if together is None else together.nbytes]
    return max((nbytes for nbytes in known if nbytes is not None), default=None)


def _list_lines(index: TraceIndex) -> Iterator[RankLine]:
    """Yield the lines of one process that allocated what is live at its peak."""
    trace = index.trace
    if not len(trace.tree):
        return
    sources, standing = source_files(index), trace.tree.site[standing_nodes(index)]
    # No line of the program can change what an import allocates.
    own = ~mark_import_nodes(index)
    arrays, native = np.zeros(len(trace.sites), np.int64), np.zeros(len(trace.sites), np.int64)
    np.add.at(arrays, standing[own], nbytes_by_node(trace, Moment.PEAK)[own])
    np.add.at(native, standing[own], of_domain(trace, trace.tallies.at_total_peak, Domain.NATIVE)[own])
    for number in np.flatnonzero(arrays + native).tolist():
        site = trace.sites[number]
        yield RankLine(
            filename=site.filename,
            lineno=site.lineno,
            function=sources.name_function(site.filename, site.lineno, site.function),
            source=sources.line(site.filename, site.lineno),
            nbytes=int(arrays[number]),
            native_nbytes=int(native[number]),
        )


def _merge(lines: Iterator[RankLine]) -> list[RankLine]:
    """Sum the figures of each line, which may have several expressions and be in several processes."""
    found: dict[tuple[str, int], RankLine] = {}
    for line in lines:
        place = line.filename, line.lineno
        other = found.get(place)
        found[place] = line if other is None else _add(other, line)
    return list(found.values())


def _add(one: RankLine, other: RankLine) -> RankLine:
    return RankLine(
        filename=one.filename,
        lineno=one.lineno,
        function=one.function,
        source=one.source if one.source is not None else other.source,
        nbytes=one.nbytes + other.nbytes,
        native_nbytes=one.native_nbytes + other.native_nbytes,
    )
