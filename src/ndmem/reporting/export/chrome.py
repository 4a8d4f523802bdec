"""Timeline as counter tracks for ``chrome://tracing`` and Perfetto."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from ndmem.analysis.over_time.layers import timeline_layers
from ndmem.analysis.over_time.timeline import resident_timeline
from ndmem.reporting.paths import file_names
from ndmem.reporting.plain import plain

from .json_document import write_document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.analysis.index import TraceIndex
    from ndmem.analysis.over_time.layers import Layers
    from ndmem.reporting.paths import FileNames

_MICROSECONDS = 1e6


def write_chrome(index: TraceIndex, stream: IO[str], *, folder: str | None = None) -> None:
    """Write live bytes over time in the Trace Event Format, in ASCII; errors are those of `write_run`.

    Counter events (``"ph": "C"``) of the program's process, in bytes: ``arrays`` with a series for each line that owns
    most at the peak, ``native`` and ``rss`` if they are known. Times are in microseconds. Files are named relative to
    ``folder``, the working folder if it is not given.
    """
    trace = index.trace
    names, pid = file_names(trace.run, folder=folder), trace.run.pid
    program = plain(" ".join(trace.run.program)) or "ndmem"
    events = [
        {"name": "process_name", "ph": "M", "pid": pid, "args": {"name": program}},
        *(_counter_event(name, pid, time_s, series) for name, time_s, series in _list_samples(index, names)),
    ]
    write_document({"traceEvents": events, "displayTimeUnit": "ms"}, stream)


def _counter_event(name: str, pid: int, time_s: float, series: dict[str, int]) -> dict[str, Any]:
    return {"name": name, "ph": "C", "pid": pid, "ts": round(time_s * _MICROSECONDS, 3), "args": series}


def _list_samples(index: TraceIndex, names: FileNames) -> Iterator[tuple[str, float, dict[str, int]]]:
    """Yield the track, time and values of each counter event."""
    found = timeline_layers(index)
    labels = _name_layers(found, names)
    for at, time_s in enumerate(found.time_s):
        yield "arrays", time_s, {label: layer.nbytes[at] for label, layer in zip(labels, found.layers, strict=True)}
        if found.native_nbytes is not None:
            yield "native", time_s, {"native": found.native_nbytes[at]}
        if found.foreign_nbytes is not None:
            yield "foreign", time_s, {"foreign": found.foreign_nbytes[at]}
    for point in resident_timeline(index):
        yield "rss", point.time_s, {"rss": point.nbytes}


def _name_layers(found: Layers, names: FileNames) -> list[str]:
    return ["other" if each.filename is None else names.place(each.filename, each.lineno) for each in found.layers]
