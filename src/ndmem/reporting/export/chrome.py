"""The timeline as counter tracks for ``chrome://tracing`` and Perfetto."""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING, Any

from ndmem.analysis.layers import timeline_layers
from ndmem.analysis.timeline import resident_timeline

from .paths import file_names
from .plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.analysis.layers import Layers
    from ndmem.model.trace import Trace

    from .paths import FileNames

_MICROSECONDS = 1e6


def write_chrome(trace: Trace, stream: IO[str], *, folder: str | None = None) -> None:
    """Write live bytes over time in the Trace Event Format.

    Parameters
    ----------
    trace : Trace
        The run.
    stream : text stream
        Where to; only ASCII is written.
    folder : str or None
        Folder that files are named relative to; the working folder if not given.

    Raises
    ------
    TraceError
        If the trace's call tree is damaged.
    OSError
        If the stream cannot be written.

    Notes
    -----
    Counter events (``"ph": "C"``) of the program's process, in bytes: ``arrays`` with a series for each line that owns
    most at the peak, ``native`` and ``rss`` where they are known. Times are in microseconds.
    """
    names, pid = file_names(trace.run, folder=folder), trace.run.pid
    program = plain(" ".join(trace.run.program)) or "ndmem"
    events = [
        {"name": "process_name", "ph": "M", "pid": pid, "args": {"name": program}},
        *(_count(name, pid, time_s, series) for name, time_s, series in _series(trace, names)),
    ]
    for piece in json.JSONEncoder(allow_nan=False).iterencode({"traceEvents": events, "displayTimeUnit": "ms"}):
        stream.write(piece)
    stream.write("\n")


def _count(name: str, pid: int, time_s: float, series: dict[str, int]) -> dict[str, Any]:
    return {"name": name, "ph": "C", "pid": pid, "ts": round(time_s * _MICROSECONDS, 3), "args": series}


def _series(trace: Trace, names: FileNames) -> Iterator[tuple[str, float, dict[str, int]]]:
    """Yield track, time and values."""
    found = timeline_layers(trace)
    labels = _name_layers(found, names)
    for at, time_s in enumerate(found.time_s):
        yield "arrays", time_s, {label: layer.nbytes[at] for label, layer in zip(labels, found.layers, strict=True)}
        if found.native_nbytes is not None:
            yield "native", time_s, {"native": found.native_nbytes[at]}
    for point in resident_timeline(trace):
        yield "rss", point.time_s, {"rss": point.nbytes}


def _name_layers(found: Layers, names: FileNames) -> list[str]:
    return ["other" if each.filename is None else names.place(each.filename, each.lineno) for each in found.layers]
