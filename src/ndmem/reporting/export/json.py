"""A Trace as JSON, the face that other tools read; ``docs/reference/json.md`` says what each field means."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from ndmem.analysis.domains import compute_domains
from ndmem.analysis.figures import NativeFigures
from ndmem.analysis.frames import user_site
from ndmem.analysis.lines import line_table
from ndmem.analysis.live import each_live_buffer, find_live
from ndmem.analysis.peak import find_peak_node, find_total_node
from ndmem.analysis.processes import process_tree
from ndmem.analysis.room import find_room
from ndmem.analysis.timeline import resident_timeline, timeline
from ndmem.analysis.total import live_native
from ndmem.model.columns import Domain
from ndmem.model.family import family_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ndmem.analysis.lines import Line
    from ndmem.analysis.live import LiveBuffer
    from ndmem.analysis.processes import ProcessFigures
    from ndmem.model.family import Family
    from ndmem.model.site import Site
    from ndmem.model.together import Together
    from ndmem.model.trace import Trace

SCHEMA = 1
"""Version of the format; it changes when a field is removed or means something else."""

_POINTS = 2000


def write_json(trace: Trace, stream: IO[str], *, library: bool = False, family: Family | None = None) -> None:
    """Write a run as JSON, one entry of a list a line, without holding the whole text in memory.

    Parameters
    ----------
    trace : Trace
        The run.
    stream : text stream
        Where to; only ASCII is written.
    library : bool
        Give the lines of libraries entries of their own.
    family : Family or None
        The processes of the run; the program alone if not given.

    Raises
    ------
    TraceError
        If the trace's call tree is damaged.
    OSError
        If the stream cannot be written.
    """
    tree = process_tree(family or family_of(trace))
    lists: dict[str, Iterable[str] | None] = {
        "processes": (_encode(_process(process)) for process in tree.processes),
        "lines": (_encode(_line(line)) for line in line_table(trace, library=library)),
        "at_peak": _buffers(trace),
        "native_at_total_peak": None if trace.total is None else _native_blocks(trace),
        "timeline": (_encode(point._asdict()) for point in timeline(trace, points=_POINTS)),
        "rss": (_encode(point._asdict()) for point in resident_timeline(trace, points=_POINTS)),
    }
    stream.write("{\n")
    together = {
        "processes_peak_nbytes": tree.peak_nbytes,
        "processes_total_peak_nbytes": tree.total_peak_nbytes,
        "processes_resident": None if trace.together is None else _resident(trace.together),
    }
    for key, value in {**_run(trace), **together}.items():
        stream.write(f" {_encode(key)}: {_encode(value)},\n")
    before = ""
    for key, entries in lists.items():
        stream.write(f"{before} {_encode(key)}: ")
        _write_list(entries, stream)
        before = ",\n"
    stream.write("\n}\n")


def _write_list(entries: Iterable[str] | None, stream: IO[str]) -> None:
    """Write encoded entries as a list, or null for none."""
    if entries is None:
        stream.write("null")
        return
    stream.write("[")
    for index, entry in enumerate(entries):
        stream.write(("," if index else "") + "\n  " + entry)
    stream.write("]")


def _encode(value: object) -> str:
    return json.dumps(value, allow_nan=False)


def _run(trace: Trace) -> dict[str, Any]:
    """Return the fields that are not lists of entries."""
    run, arrays, room = trace.run, trace.events.domain == Domain.ARRAY, find_room(trace)
    peak_site, total_site = (user_site(trace, node) for node in (find_peak_node(trace), find_total_node(trace)))
    return {
        "schema": SCHEMA,
        "origin": trace.origin.value,
        "program": list(run.program),
        "python": run.python,
        "numpy": run.numpy,
        "exit_status": run.exit_status,
        "ended": run.ended,
        "peak_nbytes": int(trace.peak.nbytes),
        "live_nbytes_at_end": trace.live_nbytes,
        "total_nbytes": trace.total_nbytes,
        "events": int(np.count_nonzero(arrays)),
        "dropped": trace.dropped,
        "left_out": trace.folded.left_out(),
        "peak_site": None if peak_site is None else _site(peak_site),
        "domains": asdict(compute_domains(trace)),
        "total_peak_nbytes": None if trace.total is None else trace.total.nbytes,
        "total_peak_site": None if total_site is None else _site(total_site),
        "rss_peak_nbytes": trace.rss_peak_nbytes,
        "budget_nbytes": run.budget_nbytes,
        "limit": None if run.limit is None else asdict(run.limit),
        "left_nbytes": None if room is None else room.left_nbytes,
    }


def _resident(together: Together) -> dict[str, Any]:
    figures = asdict(together)
    return {**figures, "time_s": figures.pop("time_ns") / 1e9}


def _process(process: ProcessFigures) -> dict[str, Any]:
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
        "peak_site": None if site is None else _site(site),
        "live_nbytes_at_end": process.live_nbytes_at_end,
        "total_nbytes": process.total_nbytes,
        "native_peak_nbytes": process.native_peak_nbytes,
        "total_peak_nbytes": process.total_peak_nbytes,
        "rss_peak_nbytes": process.rss_peak_nbytes,
        "inherited_nbytes": process.inherited_nbytes,
        "at_processes_peak_nbytes": process.at_peak_nbytes,
    }


def _site(site: Site) -> dict[str, Any]:
    return {
        "filename": site.filename,
        "lineno": site.lineno or None,
        "function": site.function,
        "col": site.col,
        "end_col": site.end_col,
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "filename": line.filename,
        "lineno": line.lineno or None,
        "function": line.function,
        "source": line.source,
        "peak_nbytes": line.peak_nbytes,
        "at_peak_nbytes": line.at_peak_nbytes,
        "temporary_nbytes": line.temporary_nbytes,
        "kept_nbytes": line.kept_nbytes,
        "total_nbytes": line.total_nbytes,
        "count": line.count,
        "at_total_peak_nbytes": line.at_total_peak_nbytes,
        **{f"native_{field.name}": line.native and getattr(line.native, field.name) for field in fields(NativeFigures)},
    }


def _buffers(trace: Trace) -> Iterator[str]:
    """Give the buffers of arrays alive at the peak, encoded."""
    columns = find_live(trace, until=trace.peak.events)
    return _encode_buffers(each_live_buffer(trace, columns), _contents)


def _native_blocks(trace: Trace) -> Iterator[str]:
    """Give the native blocks alive at the total peak, encoded."""
    return _encode_buffers(each_live_buffer(trace, live_native(trace)), _purpose)


def _encode_buffers(buffers: Iterable[LiveBuffer], describe: Callable[[LiveBuffer], dict[str, Any]]) -> Iterator[str]:
    """Encode buffers; each stack once, for there may be a million buffers."""
    stacks: dict[int, str] = {}
    for buffer in buffers:
        if buffer.node not in stacks:
            stacks[buffer.node] = _encode([_site(site) for site in buffer.stack])
        yield f'{{"nbytes": {buffer.nbytes}, "stack": {stacks[buffer.node]}, {_encode(describe(buffer))[1:]}'


def _purpose(block: LiveBuffer) -> dict[str, Any]:
    """Return what made a native block and what it is."""
    return {"expression": block.expression, "origin": block.origin, "temporary": block.temporary}


def _contents(buffer: LiveBuffer) -> dict[str, Any]:
    """Return what made a buffer and what held it."""
    holder = buffer.holder
    return {
        "expression": buffer.expression,
        "name": holder.name if holder else None,
        "shape": list(holder.shape) if holder else None,
        "dtype": holder.dtype if holder else None,
        "is_view": holder.is_view if holder else None,
    }
