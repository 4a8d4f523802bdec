"""Trace as JSON, for other tools; ``docs/reference/json.md`` defines each field."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from ndmem.analysis.answer.headline import find_headline
from ndmem.analysis.answer.headroom import find_headroom
from ndmem.analysis.answer.mapped import live_mapped
from ndmem.analysis.answer.total import live_foreign, live_native
from ndmem.analysis.call_tree.frames import user_site
from ndmem.analysis.domains import compute_domains
from ndmem.analysis.live import each_live_buffer, live_arrays
from ndmem.analysis.over_time.processes import process_tree
from ndmem.analysis.over_time.timeline import resident_timeline, timeline
from ndmem.analysis.peak import find_peak_node, find_total_node
from ndmem.analysis.tables.cluster import task_table, worker_table
from ndmem.analysis.tables.figures import EXPORTED
from ndmem.analysis.tables.lines import line_table
from ndmem.analysis.tables.threads import UNKNOWN_THREAD, thread_table
from ndmem.model.columns import Domain

from .findings_json import finding_fields
from .job_json import job_fields
from .not_leaked_json import not_leaked_fields
from .sites import site_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ndmem.analysis.index import TraceIndex
    from ndmem.analysis.live import LiveBuffer, LiveColumns
    from ndmem.analysis.over_time.processes import ProcessFigures
    from ndmem.analysis.tables.lines import Line
    from ndmem.analysis.tables.threads import Thread
    from ndmem.model.advice.finding import Finding
    from ndmem.model.cluster import Cluster, WorkerFigures
    from ndmem.model.holder import Holder
    from ndmem.model.together import Together

SCHEMA = 1
"""Version of the format; it changes when a field is removed or its meaning changes."""

_POINTS = 2000


def write_json(index: TraceIndex, stream: IO[str], *, findings: Sequence[Finding] = (), library: bool = False) -> None:
    """Write a run as JSON in ASCII, one line for each entry of a list, without holding the whole text in memory.

    ``library`` gives the lines of libraries entries of their own. Errors are those of `write_run`.
    """
    trace = index.trace
    tree = process_tree(index)
    lists: dict[str, Iterable[str] | None] = {
        "findings": (_encode(finding_fields(finding)) for finding in findings),
        "processes": (_encode(_process_fields(process)) for process in tree.processes),
        "lines": (_encode(_line_fields(line)) for line in line_table(index, library=library)),
        "at_peak": _encode_arrays(live_arrays(index), index),
        "foreign_at_total_peak": None if trace.total is None else _encode_arrays(live_foreign(index), index),
        "native_at_total_peak": None if trace.total is None else _encode_native(index),
        "mapped_at_mapped_peak": None if trace.total is None else _encode_arrays(live_mapped(index), index),
        "before_attach": None if trace.before is None else (_encode(asdict(each)) for each in trace.before.arrays),
        "threads": (_encode(_thread_fields(thread)) for thread in thread_table(index)),
        "task_groups": (_encode(asdict(group)) for group in task_table(index)),
        "workers": (_encode(_worker_fields(worker)) for worker in worker_table(index)),
        "timeline": (_encode(point._asdict()) for point in timeline(index, points=_POINTS)),
        "rss": (_encode(point._asdict()) for point in resident_timeline(index, points=_POINTS)),
    }
    stream.write("{\n")
    together = {
        "processes_peak_nbytes": tree.peak_nbytes,
        "processes_total_peak_nbytes": tree.total_peak_nbytes,
        "cluster": None if trace.cluster is None else _cluster_fields(trace.cluster),
        "processes_resident": None if trace.together is None else _resident_fields(trace.together),
    }
    for key, value in {
        **_run_fields(index),
        **together,
        **job_fields(index),
        "not_leaked": not_leaked_fields(index),
    }.items():
        stream.write(f" {_encode(key)}: {_encode(value)},\n")
    before = ""
    for key, entries in lists.items():
        stream.write(f"{before} {_encode(key)}: ")
        _write_list(entries, stream)
        before = ",\n"
    stream.write("\n}\n")


def _write_list(entries: Iterable[str] | None, stream: IO[str]) -> None:
    """Write encoded entries as a list; null for ``None``."""
    if entries is None:
        stream.write("null")
        return
    stream.write("[")
    for index, entry in enumerate(entries):
        stream.write(("," if index else "") + "\n  " + entry)
    stream.write("]")


def _encode(value: object) -> str:
    return json.dumps(value, allow_nan=False)


def _run_fields(index: TraceIndex) -> dict[str, Any]:
    """Return the fields that are not lists of entries."""
    trace = index.trace
    run, arrays, headroom = trace.run, trace.events.domain == Domain.ARRAY, find_headroom(index)
    peak_site, total_site = (user_site(index, node) for node in (find_peak_node(index), find_total_node(index)))
    return {
        "schema": SCHEMA,
        "origin": trace.origin.value,
        "program": list(run.program),
        "python": run.python,
        "numpy": run.numpy,
        "exit_status": run.exit_status,
        "ended": run.ended,
        "refusal": None if run.refusal is None else {**asdict(run.refusal), "lineno": run.refusal.lineno or None},
        "peak_nbytes": int(trace.peak.nbytes),
        "live_nbytes_at_end": trace.live_nbytes,
        "total_nbytes": trace.total_nbytes,
        "events": int(np.count_nonzero(arrays)),
        "dropped": trace.dropped,
        "left_out": trace.compacted.left_out(),
        "peak_site": None if peak_site is None else site_fields(peak_site),
        "domains": asdict(compute_domains(index)),
        "answer": _answer_fields(index),
        "native_reach": None if run.native_reach is None else run.native_reach.value,
        "total_peak_nbytes": None if trace.total is None else trace.total.nbytes,
        "total_peak_site": None if total_site is None else site_fields(total_site),
        "rss_peak_nbytes": trace.rss_peak_nbytes,
        "budget_nbytes": run.budget_nbytes,
        "limit": None if run.limit is None else asdict(run.limit),
        "before_attach_nbytes": None if trace.before is None else trace.before.nbytes,
        "before_attach_count": None if trace.before is None else trace.before.count,
        "left_nbytes": None if headroom is None else headroom.left_nbytes,
    }


def _answer_fields(index: TraceIndex) -> dict[str, Any] | None:
    """Return the facts of the first sentence of the other reports; ``None`` if there is nothing to tell."""
    found = find_headline(index)
    return (
        None
        if found is None
        else {
            "pid": found.pid,
            "kind": found.kind.value,
            "nbytes": found.nbytes,
            "phase": None if found.phase is None else found.phase.value,
            "reached_at": None if found.reached_at is None else site_fields(found.reached_at),
            "line_nbytes": found.line_nbytes,
            "allocated_at": None if found.allocated_at is None else site_fields(found.allocated_at),
            "expression": found.expression,
            "holders": list(found.holders),
        }
    )


def _resident_fields(together: Together) -> dict[str, Any]:
    figures = asdict(together)
    return {**figures, "time_s": figures.pop("time_ns") / 1e9}


def _cluster_fields(cluster: Cluster) -> dict[str, Any]:
    names = ("scheduler", "dashboard", "at_once_nbytes", "at_once_s", "interval_s")
    return {name: getattr(cluster, name) for name in names}


def _worker_fields(worker: WorkerFigures) -> dict[str, Any]:
    fields, parts = asdict(worker), worker.resident
    del fields["node"]
    if parts is not None:
        fields["resident"].update(running_nbytes=parts.running_nbytes, other_nbytes=parts.other_nbytes)
    return {**fields, "state": worker.state.value}


def _process_fields(process: ProcessFigures) -> dict[str, Any]:
    site = process.peak_site
    return {
        "pid": process.pid,
        "parent": process.parent,
        "begun": process.begun.value,
        "name": process.name,
        "program": list(process.program),
        "started_s": process.started_s,
        "ended": process.ended,
        "exit_status": process.exit_status,
        "peak_nbytes": process.peak_nbytes,
        "peak_site": None if site is None else site_fields(site),
        "live_nbytes_at_end": process.live_nbytes_at_end,
        "total_nbytes": process.total_nbytes,
        "native_peak_nbytes": process.native_peak_nbytes,
        "total_peak_nbytes": process.total_peak_nbytes,
        "rss_peak_nbytes": process.rss_peak_nbytes,
        "inherited_nbytes": process.inherited_nbytes,
        "at_processes_peak_nbytes": process.at_peak_nbytes,
    }


def _line_fields(line: Line) -> dict[str, Any]:
    return {
        "filename": line.filename,
        "lineno": line.lineno or None,
        "function": line.function,
        "source": line.source,
        **{name: getattr(line, name) for name in EXPORTED if name != "own_nbytes"},
        **line.beside_columns(),
    }


def _encode_arrays(columns: LiveColumns, index: TraceIndex) -> Iterator[str]:
    return _encode_buffers(each_live_buffer(index, columns), _array_fields)


def _encode_native(index: TraceIndex) -> Iterator[str]:
    return _encode_buffers(each_live_buffer(index, live_native(index)), _native_fields)


def _encode_buffers(buffers: Iterable[LiveBuffer], describe: Callable[[LiveBuffer], dict[str, Any]]) -> Iterator[str]:
    """Encode buffers, and each stack only once: there may be a million buffers."""
    stacks: dict[int, str] = {}
    for buffer in buffers:
        if buffer.node not in stacks:
            stacks[buffer.node] = _encode([site_fields(site) for site in buffer.stack])
        yield f'{{"nbytes": {buffer.nbytes}, "stack": {stacks[buffer.node]}, {_encode(describe(buffer))[1:]}'


def _native_fields(block: LiveBuffer) -> dict[str, Any]:
    return {
        "kind": block.kind.name.lower(),
        "expression": block.expression,
        "origin": block.origin,
        "temporary": block.temporary,
        "thread": _thread_number(block),
    }


def _array_fields(buffer: LiveBuffer) -> dict[str, Any]:
    holder, array, target = buffer.holder, buffer.array, buffer.target
    return {
        "kind": buffer.kind.name.lower(),
        "file": (buffer.origin or None) if buffer.kind is Domain.MAPPED else None,
        "expression": buffer.expression,
        "name": holder.name if holder else None,
        "shape": list(array.shape) if array else None,
        "dtype": array.dtype if array else None,
        "is_form_likely": buffer.is_form_likely,
        "is_view": holder.is_view if holder else None,
        "thread": _thread_number(buffer),
        "temporary": buffer.temporary,
        "holders": _holder_fields(buffer.holders),
        "former": _holder_fields(buffer.former),
        "assigned_to": target.name or None if target else None,
        "returned_by": target.function if target and not target.name else None,
    }


def _holder_fields(holders: Iterable[Holder]) -> list[dict[str, Any]]:
    return [
        {
            "name": each.name,
            "function": each.function,
            "shape": list(each.shape),
            "dtype": each.dtype,
            "is_view": each.is_view,
        }
        for each in holders
    ]


def _thread_number(buffer: LiveBuffer) -> int | None:
    return None if buffer.thread == UNKNOWN_THREAD else buffer.thread


def _thread_fields(thread: Thread) -> dict[str, Any]:
    return {
        "number": None if thread.number == UNKNOWN_THREAD else thread.number,
        "name": thread.name,
        "at_peak_nbytes": thread.own_nbytes,
        "kept_nbytes": thread.kept_nbytes,
        "total_nbytes": thread.total_nbytes,
        "count": thread.count,
    }
