"""Merge what the processes of a cluster have sent into one Trace.

Each process is a root of the call tree, its task groups are below it, then comes the user's code. Counters are exact
sums. The arrays at the peak are those of each worker's own peak: workers need the memory of their own peak, whenever it
is. What all had at once is only known from the samples.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ndmem.model.cluster import TASKS_FILE, Cluster, WorkerFigures, WorkerState, read_resident
from ndmem.model.columns import CallTree, Compacted, Domain, Events, Tallies
from ndmem.model.site import Site
from ndmem.model.trace import Origin, Peak, RunInfo, Trace
from ndmem.tracking.journal.sources import read_texts
from ndmem.user_code import find_user_files

from .client_code import ClientCode
from .message import DAMAGE, RETIRED
from .table import Row, Table, decode_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ndmem.model.columns import Int64s

    from .gathering import Gathering, ProcessState

_COUNTERS = ("count", "total", "live", "at_peak", "max_live")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where and when a cluster was tracked.

    Attributes
    ----------
    scheduler, dashboard : str
        As in `Cluster`.
    pid : int
        Process id of the client.
    started : float
        Seconds since the epoch when tracking began.
    """

    scheduler: str
    dashboard: str
    pid: int
    started: float


def merge(gathering: Gathering, place: Place, *, now: float) -> Trace:
    """Make one Trace of the messages that a cluster has sent until now; their order does not matter."""
    states = sorted(gathering.processes.values(), key=lambda state: (state.about["started"], state.message.process))
    start = min([place.started, *(float(state.about["started"]) for state in states)])
    tables = [_read_table(state) for state in states]
    rows, nodes, peaks = _join_tables(states, tables)
    workers = [_describe_worker(*each, start) for each in zip(states, tables, nodes, strict=True)]
    untracked = [problem for _, problem in sorted(gathering.problems.items())]
    curve, interval_s = _add_samples(states, start)
    highest = int(np.argmax(curve.live)) if len(curve) else 0
    run = _describe_run(states, place.pid, start, max([now - start, *(each.seen_s for each in workers)]))
    sites, tree, tallies = _make_tree(rows)
    return Trace(
        origin=Origin.MEASURED,
        run=replace(run, notes=(*run.notes, *_list_notes(gathering, workers))),
        sites=sites,
        tree=tree,
        tallies=tallies,
        events=_no_events(),
        peak=Peak(int(tallies.at_peak.sum()), _find_peak_node(workers, peaks), 0),
        sources=_read_sources(sites, run),
        compacted=curve,
        cluster=Cluster(
            scheduler=place.scheduler,
            dashboard=place.dashboard,
            workers=(*workers, *untracked),
            tasks=_add_counts(state.about.get("tasks", {}) for state in states),
            at_once_nbytes=int(curve.live[highest]) if len(curve) else 0,
            at_once_s=float(curve.time_ns[highest]) / 1e9 if len(curve) else 0.0,
            interval_s=interval_s,
        ),
    )


def _read_table(state: ProcessState) -> Table:
    """Return the stacks of a process; none if they are damaged, or have not come."""
    if state.table is not None:
        with contextlib.suppress(*DAMAGE):
            return decode_table(state.table)
    return Table()


def _join_tables(states: Sequence[ProcessState], tables: Sequence[Table]) -> tuple[list[Row], list[int], list[int]]:
    """Return the rows of all processes, with the root of each, and the row that reached its peak."""
    rows: list[Row] = []
    nodes, peaks = [], []
    for state, table in zip(states, tables, strict=True):
        if not table.rows:
            nodes.append(-1)
            peaks.append(-1)
            continue
        root = len(rows)
        nodes.append(root)
        peaks.append(-1 if table.peak < 0 else root + 1 + table.peak)
        rows.append(Row(-1, Site("", 0, 0, None, None, f"worker {_name(state)}")))
        rows += [replace(row, parent=root + 1 + row.parent if row.parent >= 0 else root) for row in table.rows]
    return rows, nodes, peaks


def _make_tree(rows: Sequence[Row]) -> tuple[tuple[Site, ...], CallTree, Tallies]:
    """Return the columns of a call tree; task groups get a line each in a file of their names."""
    groups = sorted({row.site.function for row in rows if row.site.filename == TASKS_FILE})
    line = {group: number for number, group in enumerate(groups, 1)}
    files = ClientCode()
    sites: dict[Site, int] = {}
    codes: dict[tuple[str, str], int] = {}
    site_of, code_of = np.empty(len(rows), np.int32), np.empty(len(rows), np.int32)
    for number, row in enumerate(rows):
        site = files.locate(row.site)
        if site.filename == TASKS_FILE:
            site = replace(site, lineno=line[site.function], end_lineno=line[site.function])
        site_of[number] = sites.setdefault(site, len(sites))
        code_of[number] = codes.setdefault((site.filename, site.function), len(codes))
    tree = CallTree(
        parent=np.array([row.parent for row in rows], np.int32),
        site=site_of,
        code=code_of,
        offset=np.zeros(len(rows), np.int32),
        stores=np.zeros(len(rows), np.bool_),
        domain=np.full(len(rows), Domain.ARRAY, np.uint8),
    )
    columns = {name: np.array([getattr(row, name) for row in rows], np.int64) for name in _COUNTERS}
    tallies = Tallies(
        **columns, max_native=np.full(len(rows), -1, np.int64), at_total_peak=np.zeros(len(rows), np.int64)
    )
    return tuple(sites), tree, tallies


def _find_peak_node(workers: Sequence[WorkerFigures], peaks: Sequence[int]) -> int:
    """Return the node that reached the highest peak of one worker."""
    if not workers:
        return -1
    return peaks[max(range(len(workers)), key=lambda number: workers[number].peak_nbytes)]


def _name(state: ProcessState) -> str:
    return ", ".join(name for name, _, _ in state.about["workers"])


def _describe_worker(state: ProcessState, table: Table, node: int, start: float) -> WorkerFigures:
    about, rows = state.about, table.rows
    final = state.message.final
    started_s = float(about["started"]) - start
    resident = read_resident(about["resident"]) if about["resident"] else None
    return WorkerFigures(
        name=_name(state),
        address=", ".join(address for _, address, _ in about["workers"]),
        pid=int(about["pid"]),
        state=WorkerState.LOST if final is None else WorkerState.RETIRED if final == RETIRED else WorkerState.TRACKED,
        threads=sum(threads for _, _, threads in about["workers"]),
        started_s=started_s,
        seen_s=started_s + float(about["elapsed_s"]),
        peak_nbytes=sum(row.at_peak for row in rows),
        live_nbytes=sum(row.live for row in rows),
        total_nbytes=sum(row.total for row in rows),
        count=sum(row.count for row in rows),
        stored_nbytes=int(about["stored_at_peak"]),
        resident=resident,
        rss_peak_nbytes=about["rss_peak"],
        node=node,
    )


def _add_samples(states: Sequence[ProcessState], start: float) -> tuple[Compacted, float]:
    """Return the sum of the live bytes of all processes over time, and the longest interval between two samples.

    Between two samples a process counts with the highest bytes of that interval: the sum is an upper bound.
    """
    times, changes, longest_ms = [], [], 0
    for state in states:
        if not state.samples:
            continue
        samples = np.array(state.samples, np.int64)
        began = int(1000 * (float(state.about["started"]) - start))
        edges = np.concatenate([[0], samples[:, 0]])
        # In the interval that ends at each sample its highest; afterwards what is alive, until the process ends.
        levels = np.concatenate([samples[:, 1], [0 if state.message.final is None else samples[-1, 2]]])
        times.append(began + edges)
        changes.append(np.diff(levels, prepend=0))
        longest_ms = max(longest_ms, int(np.diff(edges).max(initial=0)))
    if not times:
        return _make_marks(np.empty(0, np.int64), np.empty(0, np.int64)), 0.0
    when, change = np.concatenate(times), np.concatenate(changes)
    order = np.argsort(when, kind="stable")
    moments, first = np.unique(when[order], return_index=True)
    return _make_marks(moments, np.add.reduceat(change[order], first).cumsum()), longest_ms / 1000


def _make_marks(time_ms: Int64s, live: Int64s) -> Compacted:
    none = np.zeros(len(time_ms), np.int64)
    return Compacted(events=none, births=none, deaths=none, live=live, native=none, time_ns=time_ms * 1_000_000)


def _describe_run(states: Sequence[ProcessState], pid: int, start: float, duration_s: float) -> RunInfo:
    abouts = [state.about for state in states if "python" in state.about]
    return RunInfo(
        program=(),
        python=", ".join(sorted({str(about["python"]) for about in abouts})),
        numpy=", ".join(sorted({str(about["numpy"]) for about in abouts if about["numpy"]})) or None,
        exit_status=None,
        pid=pid,
        started=start,
        duration_s=duration_s,
        threshold=max((int(about["threshold"]) for about in abouts), default=1),
        library_roots=tuple(sorted({str(root) for about in abouts for root in about["library_roots"]})),
        notes=tuple(sorted({str(note) for about in abouts for note in about["notes"]})),
    )


def _read_sources(sites: Iterable[Site], run: RunInfo) -> dict[str, str]:
    """Return the text of the user's files as the client has them, and the names of the task groups as a text."""
    groups = sorted({site.function for site in sites if site.filename == TASKS_FILE})
    users = find_user_files({site.filename for site in sites}, run.library_roots)
    return read_texts(sorted(users), {TASKS_FILE: "\n".join(groups)})


def _list_notes(gathering: Gathering, workers: Sequence[WorkerFigures]) -> list[str]:
    notes = []
    lost = sum(each.state is WorkerState.LOST for each in workers)
    if lost:
        notes.append(
            f"{lost:,} worker{'s' if lost > 1 else ''} sent no last message, as after a kill: what was allocated after "
            "the last one is missing."
        )
    if gathering.damaged:
        notes.append(f"{gathering.damaged:,} messages of workers could not be read.")
    return notes


def _add_counts(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for each in counts:
        for name, count in each.items():
            total[name] = total.get(name, 0) + int(count)
    return dict(sorted(total.items()))


def _no_events() -> Events:
    return Events(
        kind=np.empty(0, np.uint8),
        domain=np.empty(0, np.uint8),
        thread=np.empty(0, np.uint16),
        stack=np.empty(0, np.int32),
        buffer=np.empty(0, np.int64),
        nbytes=np.empty(0, np.int64),
        live=np.empty(0, np.int64),
        time_ns=np.empty(0, np.int64),
        within=np.empty(0, np.int16),
    )
