"""A Trace as a file, and back.

The file is a zip archive as ``numpy.savez`` writes it: one ``.npy`` member a column, and ``trace.json`` for the
rest. Anybody with NumPy can read it without ndmem; see docs/reference/trace-format.md.
"""

from __future__ import annotations

import dataclasses
import json
import os
import zipfile
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from ndmem.errors import TraceError

from .columns import CallTree, Domain, Events, Folded, Samples, Tallies
from .ending import Ending
from .holder import Holder
from .machine_limit import read_machine_limit
from .site import Site
from .together import read_together
from .trace import Origin, Peak, RunInfo, Trace, no_folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

VERSION = 2
FOLDED_VERSION = 3
"""Of a trace in which events were left out: who does not know of that would read wrong figures."""
_MEMBER = "trace.json"
_COLUMNS: Mapping[type, Mapping[str, type]] = {
    CallTree: {
        "parent": np.int32,
        "site": np.int32,
        "code": np.int32,
        "offset": np.int32,
        "stores": np.bool_,
        "domain": np.uint8,
    },
    Tallies: dict.fromkeys(("count", "total", "live", "at_peak", "max_live", "max_native", "at_total_peak"), np.int64),
    Events: {
        "kind": np.uint8,
        "domain": np.uint8,
        "thread": np.uint16,
        "stack": np.int32,
        "buffer": np.int64,
        "nbytes": np.int64,
        "live": np.int64,
        "time_ns": np.int64,
        "within": np.int16,
    },
    Samples: {"time_ns": np.int64, "nbytes": np.int64},
}
_FOLDED = dict.fromkeys((column.name for column in dataclasses.fields(Folded)), np.int64)
_FOLDERS: Mapping[type, str] = {
    CallTree: "tree",
    Tallies: "tallies",
    Events: "events",
    Samples: "rss",
    Folded: "folded",
}

# Version 1 knew arrays only: what it has no member or field for.
_ADDED_COLUMNS: Mapping[str, int] = {
    "tree/domain.npy": Domain.ARRAY,
    "tallies/max_native.npy": -1,
    "tallies/at_total_peak.npy": 0,
    "rss/time_ns.npy": 0,
    "rss/nbytes.npy": 0,
}
_ADDED_FIELDS: Mapping[str, Any] = {"native": None, "total": None, "origins": {}, "rss_peak_nbytes": None}

# A column of more bytes is not a trace's: it would be 268 million events.
_MAX_COLUMN = 2**31
# Sources, places and sightings of the longest runs seen take some megabytes.
_MAX_TEXT = 2**29

# No count of bytes reaches the largest address space that there is, of 57 bits; sums of them do not wrap unseen.
_ADDRESSABLE = 2**57


def write_trace(trace: Trace, file: str | os.PathLike[str] | IO[bytes]) -> None:
    """Write a trace.

    Parameters
    ----------
    trace : Trace
        The trace.
    file : path or binary file
        Where to; an existing file is overwritten.

    Raises
    ------
    OSError
        If the place cannot be written.
    """
    rest = {
        "format": "ndmem trace",
        "version": FOLDED_VERSION if len(trace.folded) else VERSION,
        "origin": trace.origin.value,
        "run": dataclasses.asdict(trace.run),
        "peak": dataclasses.asdict(trace.peak),
        "dropped": trace.dropped,
        "holders": [dataclasses.asdict(holder) for holder in trace.holders],
        "sites": [dataclasses.astuple(site) for site in trace.sites],
        "sources": dict(trace.sources),
        "native": None if trace.native is None else dataclasses.asdict(trace.native),
        "total": None if trace.total is None else dataclasses.asdict(trace.total),
        "origins": {str(buffer): library for buffer, library in trace.origins.items()},
        "rss_peak_nbytes": trace.rss_peak_nbytes,
        "together": None if trace.together is None else dataclasses.asdict(trace.together),
    }
    # Level 1: the columns shrink to a third in a tenth of the time that level 6 takes.
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        # Undecodable bytes in names are surrogates here; JSON's escapes carry them, UTF-8 would not.
        archive.writestr(_MEMBER, json.dumps(rest, ensure_ascii=True))
        groups: list[tuple[Any, Mapping[str, type]]] = [
            (columns, _COLUMNS[type(columns)]) for columns in (trace.tree, trace.tallies, trace.events, trace.rss)
        ]
        if len(trace.folded):
            groups.append((trace.folded, _FOLDED))
        for columns, names in groups:
            for name in names:
                with archive.open(_column_member(type(columns), name), "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, getattr(columns, name), version=(1, 0), allow_pickle=False)


def read_trace(file: str | os.PathLike[str] | IO[bytes]) -> Trace:
    """Read a trace that `write_trace` wrote.

    Parameters
    ----------
    file : path or binary file
        Where from.

    Raises
    ------
    TraceError
        If it is not a trace, is truncated or damaged, or was written by a newer version.
    OSError
        If the place cannot be read.
    """
    name = Path(file).name if isinstance(file, str | os.PathLike) else "the file"
    try:
        with zipfile.ZipFile(file) as archive:
            return _decode(archive)
    except TraceError as error:
        raise TraceError(f"{name}: {error}") from None
    except OSError as error:
        if error.filename is not None:  # it could not be opened
            raise
        # An offset in the archive that leads before its beginning.
        raise TraceError(f"{name} is not a trace, or is truncated ({error.strerror})") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise TraceError(f"{name} is not a trace, or is truncated ({error})") from error
    except (
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        IndexError,
        OverflowError,
        MemoryError,
        RecursionError,
    ) as error:
        raise TraceError(f"{name} is damaged: {error or type(error).__name__}") from error


def _column_member(group: type, name: str) -> str:
    return f"{_FOLDERS[group]}/{name}.npy"


def _decode(archive: zipfile.ZipFile) -> Trace:
    with archive.open(_MEMBER) as stream:
        text = stream.read(_MAX_TEXT + 1)  # a few kilobytes of zip can hold any number of spaces
    if len(text) > _MAX_TEXT:
        raise ValueError(f"{_MEMBER} has more than {_MAX_TEXT} bytes")
    rest: dict[str, Any] = json.loads(text)
    if rest.get("format") != "ndmem trace":
        raise TraceError("it is no ndmem trace")
    if rest["version"] not in {1, VERSION, FOLDED_VERSION}:
        raise TraceError(f"it has format {rest['version']}, this ndmem reads {FOLDED_VERSION}; install a newer ndmem")
    added = _ADDED_COLUMNS if rest["version"] == 1 else {}
    if added:
        status = rest["run"]["exit_status"]
        ending = None if status is None else Ending.by_status(int(status)).value
        rest = {**rest, **_ADDED_FIELDS, "run": {**rest["run"], "native_threshold": None, "ending": ending}}
    tree, tallies, events, rss = (_read_group(archive, group, names, added) for group, names in _COLUMNS.items())
    folded = no_folded() if rest["version"] != FOLDED_VERSION else _read_group(archive, Folded, _FOLDED, added)
    trace = Trace(
        origin=Origin(rest["origin"]),
        run=_decode_run(rest["run"]),
        sites=tuple(_decode_site(*site) for site in rest["sites"]),
        tree=tree,
        tallies=tallies,
        events=events,
        peak=_decode_peak(rest["peak"]),
        holders=tuple(_decode_holder(**holder) for holder in rest["holders"]),
        dropped=int(rest["dropped"]),
        sources={str(name): str(text) for name, text in rest["sources"].items()},
        native=None if rest["native"] is None else _decode_peak(rest["native"]),
        total=None if rest["total"] is None else _decode_peak(rest["total"]),
        origins={int(buffer): str(library) for buffer, library in rest["origins"].items()},
        rss=rss,
        rss_peak_nbytes=None if rest["rss_peak_nbytes"] is None else int(rest["rss_peak_nbytes"]),
        # Not there in files of the first ndmems that wrote version 2.
        together=None if rest.get("together") is None else read_together(rest["together"]),
        folded=folded,
    )
    _check(trace)
    return trace


def _read_group(archive: zipfile.ZipFile, group: type, names: Mapping[str, type], added: Mapping[str, int]) -> Any:
    """Read the columns of a group; those that the file's version does not have are filled."""
    columns: dict[str, Any] = {}
    for name, dtype in names.items():
        member = _column_member(group, name)
        if member in added:
            length = len(next(iter(columns.values()), ()))
            columns[name] = np.full(length, added[member], dtype)
        else:
            columns[name] = _read_column(archive, member, dtype)
    return group(**columns)


def _read_column(archive: zipfile.ZipFile, member: str, dtype: type) -> Any:
    """Read one column, trusting no size that the file claims."""
    with archive.open(member) as stream:
        if np.lib.format.read_magic(stream) != (1, 0):
            raise ValueError(f"{member} has an unknown format")
        shape, _, found = np.lib.format.read_array_header_1_0(stream)
        if len(shape) != 1 or found != dtype:
            raise ValueError(f"{member} has shape {shape} and dtype {found}")
        nbytes = shape[0] * found.itemsize
        data = stream.read(_MAX_COLUMN + 1 if nbytes > _MAX_COLUMN else nbytes + 1)
    if len(data) != nbytes:
        raise ValueError(f"{member} says {nbytes} bytes and has {len(data)}")
    return np.frombuffer(data, found)


def _decode_run(run: dict[str, Any]) -> RunInfo:
    return RunInfo(
        program=tuple(map(str, run["program"])),
        python=str(run["python"]),
        numpy=None if run["numpy"] is None else str(run["numpy"]),
        exit_status=None if run["exit_status"] is None else int(run["exit_status"]),
        pid=int(run["pid"]),
        started=float(run["started"]),
        duration_s=float(run["duration_s"]),
        threshold=int(run["threshold"]),
        library_roots=tuple(map(str, run["library_roots"])),
        notes=tuple(map(str, run["notes"])),
        native_threshold=None if run["native_threshold"] is None else int(run["native_threshold"]),
        ending=None if run["ending"] is None else Ending(run["ending"]),
        # These two are not in files of the first ndmems that wrote version 2.
        limit=read_machine_limit(run.get("limit")),
        budget_nbytes=None if run.get("budget_nbytes") is None else int(run["budget_nbytes"]),
    )


def _decode_peak(peak: dict[str, Any]) -> Peak:
    return Peak(**{key: int(value) for key, value in peak.items()})


def _decode_site(
    filename: str, lineno: int, end_lineno: int, col: int | None, end_col: int | None, function: str
) -> Site:
    first, last = (None if value is None else int(value) for value in (col, end_col))
    return Site(str(filename), int(lineno), int(end_lineno), first, last, str(function))


def _decode_holder(
    buffer: int, name: str, function: str, shape: Iterable[int], dtype: str, is_view: bool, events: int
) -> Holder:
    return Holder(int(buffer), str(name), str(function), tuple(map(int, shape)), str(dtype), bool(is_view), int(events))


def _check(trace: Trace) -> None:
    """Refuse columns that contradict each other, so that no view needs to doubt an index."""
    tree, events = trace.tree, trace.events
    marks = trace.folded
    for group in (tree, trace.tallies, events, trace.rss, marks):
        if len({len(getattr(group, f.name)) for f in dataclasses.fields(group)}) != 1:
            raise ValueError(f"the columns of {type(group).__name__} have unequal lengths")
    nodes, births = len(tree), int(np.count_nonzero(events.kind == 0))
    if len(trace.tallies.count) != nodes:
        raise ValueError("tallies and tree have unequal lengths")
    ranges: dict[str, tuple[Any, int, int]] = {
        "tree/site": (tree.site, 0, len(trace.sites)),
        "tree/parent": (tree.parent - np.arange(nodes), -nodes, 0),
        "events/stack": (events.stack, 0, nodes),
        "events/buffer": (events.buffer, 0, births),
        "events/kind": (events.kind, 0, 2),
        "events/nbytes": (events.nbytes, 0, _ADDRESSABLE),
        "tree/domain": (tree.domain, 0, len(Domain)),
        "events/domain": (events.domain, 0, len(Domain)),
        "origins": (np.array(list(trace.origins), np.int64), 0, births),
        "rss/time_ns": (trace.rss.time_ns, 0, _ADDRESSABLE),
        "rss/nbytes": (trace.rss.nbytes, 0, _ADDRESSABLE),
        "folded/events": (marks.events, 0, len(events) + 1),
        **{f"folded/{name}": (getattr(marks, name), 0, _ADDRESSABLE) for name in _FOLDED if name != "events"},
        "budget_nbytes": (np.array([trace.run.budget_nbytes or 0]), 0, _ADDRESSABLE),
    }
    for name, peak in (("peak", trace.peak), ("native", trace.native), ("total", trace.total)):
        if peak is not None:
            ranges[f"{name}/nbytes"] = (np.array([peak.nbytes]), 0, _ADDRESSABLE)
            ranges[f"{name}/stack"] = (np.array([peak.stack]), -1, nodes)
            ranges[f"{name}/events"] = (np.array([peak.events]), 0, len(events) + 1)
    for name, (values, low, high) in ranges.items():
        if len(values) and not (low <= values.min() and values.max() < high):
            raise ValueError(f"{name} is out of range")
    if (tree.parent < -1).any():
        raise ValueError("tree/parent is out of range")
    if len({found is None for found in (trace.native, trace.total, trace.run.native_threshold)}) != 1:
        raise ValueError("it is not clear whether native memory was watched")
    if (events.domain != events.domain[events.kind == 0][events.buffer]).any():
        raise ValueError("events/domain of a death is not that of its birth")
    if (np.diff(marks.events) < 0).any():
        raise ValueError("folded/events falls")
    if trace.native_live().min(initial=0) < 0:
        raise ValueError("more native bytes died than were born")
