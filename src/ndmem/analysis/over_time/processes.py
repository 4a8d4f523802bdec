"""Processes of a run: the memory of each, and the highest sum of all at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ndmem.analysis.call_tree.frames import user_site
from ndmem.analysis.index import TraceIndex, fact
from ndmem.analysis.peak import find_peak_node

from .curve import read_curve

if TYPE_CHECKING:
    from ndmem.model.columns import Int64s
    from ndmem.model.family import Begun, Member
    from ndmem.model.site import Site
    from ndmem.model.trace import Peak

    from .curve import Curve

_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class ProcessFigures:
    """Figures of one process.

    Attributes
    ----------
    member : int
        Place of the process in the family, and in `member_indexes`.
    pid : int
        Process id.
    parent : int or None
        Process id of the process that started it; ``None`` for the program.
    depth : int
        Number of recorded processes from which it descends.
    begun : Begun
        How it was started.
    name : str or None
        Name that multiprocessing gave it.
    program : tuple of str
        Command line of the program it ran.
    started_s : float
        Seconds from the program's start until its recording began.
    ended : str or None
        ``"exit"``, ``"signal 9"``, ``"exec"`` if it was replaced by another program; ``None`` if its parent did not
        wait for it.
    exit_status : int or None
        Negative signal number if a signal ended it; ``None`` if it is unknown.
    peak_nbytes, live_nbytes_at_end, total_nbytes : int
        Bytes of its own arrays.
    native_peak_nbytes, total_peak_nbytes : int or None
        Highest live bytes of its native blocks, and of both together; ``None`` if native memory was not tracked.
    rss_peak_nbytes : int or None
        The kernel's high-water mark of its resident memory, shared pages included; ``None`` if it is unknown.
    inherited_nbytes : int
        Bytes of its ancestors' arrays at its fork; the other figures do not include them.
    at_peak_nbytes : int
        Bytes of its own arrays at the peak of all processes.
    peak_site : Site or None
        The user's line that reached its peak.
    """

    member: int
    pid: int
    parent: int | None
    depth: int
    begun: Begun
    name: str | None
    program: tuple[str, ...]
    started_s: float
    ended: str | None
    exit_status: int | None
    peak_nbytes: int
    live_nbytes_at_end: int
    total_nbytes: int
    native_peak_nbytes: int | None
    total_peak_nbytes: int | None
    rss_peak_nbytes: int | None
    inherited_nbytes: int
    at_peak_nbytes: int
    peak_site: Site | None


@dataclass(frozen=True, slots=True)
class ProcessTree:
    """Process tree of a run.

    Attributes
    ----------
    processes : tuple of ProcessFigures
        Each before the processes that it started, otherwise in order of their start.
    peak_nbytes : int
        Highest sum of the live bytes of all of them at one moment, to the clock's tick (1 to 4 ms).
    peak_s : float
        That moment, in seconds after the program's start.
    total_peak_nbytes : int or None
        Highest sum of arrays and native blocks together; ``None`` if native memory was not tracked in all of them.
    """

    processes: tuple[ProcessFigures, ...]
    peak_nbytes: int
    peak_s: float
    total_peak_nbytes: int | None = None


@fact
def process_tree(index: TraceIndex) -> ProcessTree:
    """Compute the figures of a run's processes.

    An array that a forked process inherited counts in the ancestor that allocated it, until the ancestor frees it.
    """
    members = index.family.members
    pairs = list(zip(members, member_indexes(index), strict=True))
    start = min((member.trace.run.started for member in members), default=0.0)
    peak_nbytes, peak_ns, shares = _find_peak([_arrays_curve(*pair, start) for pair in pairs])
    total = None
    if members and all(member.trace.total is not None for member in members):
        total = _find_peak([_total_curve(*pair, start) for pair in pairs])[0]
    ancestors = _find_ancestors(members)
    figures = [
        _describe(*pair, number=number, depth=len(above), at_peak=at_peak, start=start)
        for number, (pair, above, at_peak) in enumerate(zip(pairs, ancestors, shares, strict=True))
    ]
    order = sorted(range(len(members)), key=lambda i: [*ancestors[i], i])
    return ProcessTree(tuple(figures[i] for i in order), peak_nbytes, peak_ns / _SECOND, total)


@fact
def member_indexes(index: TraceIndex) -> tuple[TraceIndex, ...]:
    """Return the index of each process of a run, in the order of its family."""
    return tuple(index if member.trace is index.trace else TraceIndex(member.trace) for member in index.family.members)


def _describe(
    member: Member, index: TraceIndex, *, number: int, depth: int, at_peak: int, start: float
) -> ProcessFigures:
    trace, kin = member.trace, member.kin
    run, status = trace.run, trace.run.exit_status
    parents = [pid for pid in kin.ancestors if pid != run.pid]
    return ProcessFigures(
        member=number,
        pid=run.pid,
        parent=parents[-1] if parents else None,
        depth=depth,
        begun=kin.begun,
        name=kin.name,
        program=run.program,
        started_s=run.started - start,
        ended="exec" if kin.replaced else None if status is None else "exit" if status >= 0 else f"signal {-status}",
        exit_status=None if kin.replaced else status,
        peak_nbytes=int(trace.peak.nbytes),
        live_nbytes_at_end=trace.live_nbytes,
        total_nbytes=trace.total_nbytes,
        native_peak_nbytes=None if trace.native is None else trace.native.nbytes,
        total_peak_nbytes=None if trace.total is None else trace.total.nbytes,
        rss_peak_nbytes=trace.rss_peak_nbytes,
        inherited_nbytes=kin.inherited_nbytes,
        at_peak_nbytes=at_peak,
        peak_site=user_site(index, find_peak_node(index)),
    )


def _find_ancestors(members: tuple[Member, ...]) -> list[list[int]]:
    """Return for each process the recorded ones from which it descends, the program first.

    A process without arrays is not recorded, but its children know all their ancestors. The kernel may have used a
    process id twice: the ancestor is the last such process that began before.
    """
    known: dict[int, int] = {}
    found: list[list[int]] = []
    for i, member in enumerate(members):
        found.append([known[pid] for pid in member.kin.ancestors if pid in known])
        known[member.trace.run.pid] = i
    return found


def _find_peak(curves: list[tuple[Int64s, Int64s]]) -> tuple[int, int, list[int]]:
    """Return the highest sum, its time in nanoseconds after the start, and the part of each process."""
    if not curves:
        return 0, 0, []
    when = np.concatenate([times for times, _ in curves])
    change = np.concatenate([np.diff(live, prepend=0) for _, live in curves])
    owner = np.repeat(np.arange(len(curves)), [len(times) for times, _ in curves])
    order = np.argsort(when, kind="stable")
    total = np.cumsum(change[order])
    highest = int(np.argmax(total))
    shares = np.zeros(len(curves), np.int64)
    np.add.at(shares, owner[order][: highest + 1], change[order][: highest + 1])
    return int(total[highest]), int(when[order][highest]), shares.tolist()


def _arrays_curve(member: Member, index: TraceIndex, start: float) -> tuple[Int64s, Int64s]:
    """Return the times at which the live bytes of a process's arrays changed, and the live bytes."""
    curve = read_curve(index)
    return _insert_peak(member, start, curve, curve.live, member.trace.peak)


def _total_curve(member: Member, index: TraceIndex, start: float) -> tuple[Int64s, Int64s]:
    """Return the same for arrays and native blocks together."""
    total = member.trace.total
    assert total is not None  # the caller has checked it
    curve = read_curve(index)
    return _insert_peak(member, start, curve, curve.total, total)


def _insert_peak(member: Member, start: float, curve: Curve, live: Int64s, peak: Peak) -> tuple[Int64s, Int64s]:
    """Return nanoseconds after the start, and live bytes, with a process's peak and its end.

    A peak that a small array reached has no event: it is put behind the event before. A process whose end was not
    recorded is assumed to keep its arrays.
    """
    trace, ended = member.trace, member.kin.ended
    until = curve.rows(peak.events)
    began = int((trace.run.started - start) * _SECOND)
    time = np.insert(curve.time_ns.astype(np.int64), until, int(curve.time_ns[until - 1]) if until else 0)
    live = np.insert(live.astype(np.int64), until, peak.nbytes)
    if ended is None:
        return began + time, live
    end = max(int((ended - trace.run.started) * _SECOND), int(time[-1]))
    return began + np.append(time, end), np.append(live, 0)
