"""Read a trace from a file, and trust nothing that the file says."""

from __future__ import annotations

import errno
import json
import os
import zipfile
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from ndmem.errors import TraceError
from ndmem.file_kind import ARCHIVES, CHILDREN, FOLDER, ZIP, FileKind, identify_file
from ndmem.model.arrays_before import read_arrays_before
from ndmem.model.cluster import read_cluster
from ndmem.model.columns import Compacted
from ndmem.model.deep_facts import read_deep_facts
from ndmem.model.ending import Ending
from ndmem.model.holder import ArrayForm, Holder
from ndmem.model.machine_limit import read_machine_limit
from ndmem.model.memory_request import read_memory_request
from ndmem.model.native_reach import NativeReach
from ndmem.model.rank import read_rank
from ndmem.model.refusal import read_refusal
from ndmem.model.site import Site
from ndmem.model.together import read_together
from ndmem.model.trace import Origin, Peak, RunInfo, Trace, no_compacted

from .checks import check_trace
from .format_version import check_version
from .layout import (
    ADDED_COLUMNS,
    ADDED_FIELDS,
    COLUMNS,
    COMPACTED,
    COMPACTED_VERSION,
    MEMBER,
    column_member,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# A column of more bytes is not a trace's: it would be 268 million events.
_MAX_COLUMN = 2**31
# Sources, places and sightings of the longest runs seen take some megabytes.
_MAX_TEXT = 2**29
_AGAIN = "copy it again, or record the program again with ndmem run"
_TRUNCATED = f"is truncated or damaged ({{}}); {_AGAIN}"


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
    name = (Path(file).name or str(file)) if isinstance(file, str | os.PathLike) else "the file"
    kind = identify_file(file) if isinstance(file, str | os.PathLike) else ZIP
    if kind in (FOLDER, CHILDREN):
        raise IsADirectoryError(errno.EISDIR, _refuse(kind, file), str(file))
    if kind not in ARCHIVES:
        raise TraceError(f"{name}: {_refuse(kind, file)}")
    try:
        with zipfile.ZipFile(file) as archive:
            if MEMBER not in archive.namelist():
                raise TraceError(_refuse(kind, file))
            return _decode(archive)
    except TraceError as error:
        raise TraceError(f"{name}: {error}") from None
    except OSError as error:
        if error.filename is not None:  # it could not be opened
            raise
        # An offset in the archive that leads before its beginning.
        raise TraceError(f"{name} {_TRUNCATED.format(error.strerror)}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise TraceError(f"{name} {_TRUNCATED.format(error)}") from error
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
        raise TraceError(f"{name} is damaged: {str(error) or type(error).__name__}; {_AGAIN}") from error


def _refuse(kind: FileKind, file: str | os.PathLike[str] | IO[bytes]) -> str:
    """Write what a file is that is not a trace, and what to do."""
    advice = kind.advise(str(file)) or "pass the .ndmem file that ndmem run wrote"
    return f"it is {kind.name}, not a trace; {advice}"


def _decode(archive: zipfile.ZipFile) -> Trace:
    with archive.open(MEMBER) as stream:
        text = stream.read(_MAX_TEXT + 1)  # a few kilobytes of zip can hold any number of spaces
    if len(text) > _MAX_TEXT:
        raise ValueError(f"{MEMBER} has more than {_MAX_TEXT} bytes")
    rest: dict[str, Any] = json.loads(text)
    if rest.get("format") != "ndmem trace":
        raise TraceError("it is not an ndmem trace; pass the .ndmem file that ndmem run wrote")
    check_version(rest["version"], range(1, COMPACTED_VERSION + 1))
    added = ADDED_COLUMNS if rest["version"] == 1 else {}
    if added:
        status = rest["run"]["exit_status"]
        ending = None if status is None else Ending.by_status(int(status)).value
        rest = {**rest, **ADDED_FIELDS, "run": {**rest["run"], "native_threshold": None, "ending": ending}}
    tree, tallies, events, rss = (_read_group(archive, group, names, added) for group, names in COLUMNS.items())
    compacted = (
        no_compacted() if rest["version"] != COMPACTED_VERSION else _read_group(archive, Compacted, COMPACTED, added)
    )
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
        compacted=compacted,
        threads={int(number): str(name) for number, name in rest.get("threads", {}).items()},
        forms={int(buffer): _decode_form(**form) for buffer, form in rest.get("forms", {}).items()},
        deep=read_deep_facts(rest.get("deep")),
        before=read_arrays_before(rest.get("before")),
        cluster=read_cluster(rest.get("cluster"), nodes=len(tree)),
    )
    check_trace(trace)
    return trace


def _read_group(archive: zipfile.ZipFile, group: type, names: Mapping[str, type], added: Mapping[str, int]) -> Any:
    """Read the columns of a group; fill those that the file's version lacks."""
    columns: dict[str, Any] = {}
    for name, dtype in names.items():
        member = column_member(group, name)
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
        # These are not in files of the first ndmems that wrote version 2.
        limit=read_machine_limit(run.get("limit")),
        budget_nbytes=None if run.get("budget_nbytes") is None else int(run["budget_nbytes"]),
        packages=tuple(map(str, run.get("packages", ()))),
        program_packages=tuple(map(str, run.get("program_packages", ()))),
        refusal=read_refusal(run.get("refusal")),
        rank=read_rank(run.get("rank")),
        request=read_memory_request(run.get("request")),
        native_reach=_read_reach(run),
    )


def _read_reach(run: Mapping[str, Any]) -> NativeReach | None:
    """Return how far native memory was seen; earlier files have it from ``ndmem run`` alone."""
    if run["native_threshold"] is None:
        return None
    reach = run.get("native_reach", NativeReach.MALLOC.value)
    return None if reach is None else NativeReach(reach)


def _decode_peak(peak: dict[str, Any]) -> Peak:
    return Peak(**{key: int(value) for key, value in peak.items()})


def _decode_site(
    filename: str, lineno: int, end_lineno: int, col: int | None, end_col: int | None, function: str
) -> Site:
    first, last = (None if value is None else int(value) for value in (col, end_col))
    return Site(str(filename), int(lineno), int(end_lineno), first, last, str(function))


def _decode_form(shape: Iterable[int], dtype: str) -> ArrayForm:
    return ArrayForm(tuple(map(int, shape)), str(dtype))


def _decode_holder(
    buffer: int, name: str, function: str, shape: Iterable[int], dtype: str, is_view: bool, events: int
) -> Holder:
    return Holder(int(buffer), str(name), str(function), tuple(map(int, shape)), str(dtype), bool(is_view), int(events))
