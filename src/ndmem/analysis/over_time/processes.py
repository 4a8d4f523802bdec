"""The processes of a run: what each had, and the highest sum of all at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .curve import read_curve
from .frames import user_site
from .peak import find_peak_node

if TYPE_CHECKING:
    from ndmem.model.columns import Int64s
    from ndmem.model.family import Begun, Family, Member
    from ndmem.model.site import Site
    from ndmem.model.trace import Peak

    from .curve import Curve

_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class ProcessFigures:
    """What is said of one process.

    Attributes
    ----------
    pid : int
        Process id.
    parent : int or None
        That of the process which started it; ``None`` for the program.
    depth : int
        How many recorded processes it descends from.
    begun : Begun
        How it came to be.
    name : str or None
        What multiprocessing called it.
    program : tuple of str
        What it ran, as it was typed.
    started_s : float
        Seconds after the program's start until its recording began.
    ended : str or None
        ``"exit"``, ``"signal 9"``, ``"exec"`` if it went on as another program; ``None`` if nobody waited for it.
    exit_status : int or None
        Minus the signal's number if a signal ended it.
    peak_nbytes, live_nbytes_at_end, total_nbytes : int
        Bytes of its own arrays.
    native_peak_nbytes, total_peak_nbytes : int or None
        The highest bytes of its native blocks, and of both together; ``None`` where native memory was not watched.
    rss_peak_nbytes : int or None
        The kernel's high-water mark of its resident memory, shared pages included; ``None`` if it is not known.
    inherited_nbytes : int
        Bytes of its ancestors' arrays that it was forked with; they are not in the other figures.
    at_peak_nbytes : int
        Bytes of its own arrays at the peak of all processes.
    peak_site : Site or None
        The user's line that made its peak.
    """

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
    """The processes of a run.

    Attributes
    ----------
    processes : tuple of ProcessFigures
        Each before what it started, otherwise in order of their start.
    peak_nbytes : int
        Highest sum of the live bytes of all of them at one moment, to the clock's tick (1 to 4 ms).
    peak_s : float
        That moment, in seconds after the program's start.
    total_peak_nbytes : int or None
        The same of arrays and native blocks together; ``None`` if native memory was not watched in all of them.
    """

    processes: tuple[ProcessFigures, ...]
    peak_nbytes: int
    peak_s: float
    total_peak_nbytes: int | None = None


def process_tree(family: Family) -> ProcessTree:
    """Compute the figures of a run's processes.

    An array that a forked process inherited counts in the ancestor that made it, and until it dies there.
    """
    members = family.members
    start = min((member.trace.run.started for member in members), default=0.0)
    peak_nbytes, peak_ns, shares = _find_peak([_curve(member, start) for member in members])
    total = None
    if members and all(member.trace.total is not None for member in members):
        total = _find_peak([_total_curve(member, start) for member in members])[0]
    ancestors = _find_parents(members)
    figures = [
        _describe(member, depth=len(ancestors[i]), at_peak=shares[i], start=start) for i, member in enumerate(members)
    ]
    order = sorted(range(len(members)), key=lambda i: [*ancestors[i], i])
    return ProcessTree(tuple(figures[i] for i in order), peak_nbytes, peak_ns / _SECOND, total)


def _describe(member: Member, *, depth: int, at_peak: int, start: float) -> ProcessFigures:
    trace, kin = member.trace, member.kin
    run, status = trace.run, trace.run.exit_status
    parents = [pid for pid in kin.ancestors if pid != run.pid]
    return ProcessFigures(
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
        peak_site=user_site(trace, find_peak_node(trace)),
    )


def _find_parents(members: tuple[Member, ...]) -> list[list[int]]:
    """Return for each process the recorded ones that it descends from, the program first.

    A process that made no arrays is not recorded, but its children know all their ancestors. A process id may have
    been used more than once: the ancestor is the last one that began before.
    """
    known: dict[int, int] = {}
    found: list[list[int]] = []
    for i, member in enumerate(members):
        found.append([known[pid] for pid in member.kin.ancestors if pid in known])
        known[member.trace.run.pid] = i
    return found


def _find_peak(curves: list[tuple[Int64s, Int64s]]) -> tuple[int, int, list[int]]:
    """Return the highest sum, its nanosecond after the start, and what of it was in each process."""
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


def _curve(member: Member, start: float) -> tuple[Int64s, Int64s]:
    """Return the moments at which the live bytes of a process's arrays changed, and what they were."""
    curve = read_curve(member.trace)
    return _with_peak(member, start, curve, curve.live, member.trace.peak)


def _total_curve(member: Member, start: float) -> tuple[Int64s, Int64s]:
    """Return the same of arrays and native blocks together."""
    trace = member.trace
    assert trace.total is not None  # who calls has looked
    curve = read_curve(trace)
    return _with_peak(member, start, curve, curve.live + curve.native, trace.total)


def _with_peak(member: Member, start: float, curve: Curve, live: Int64s, peak: Peak) -> tuple[Int64s, Int64s]:
    """Return nanoseconds after the start, and live bytes, with a process's peak and its end.

    A peak that a small array made has no event: it is put behind the event before. A process whose end nobody saw is
    taken to keep what it had.
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
