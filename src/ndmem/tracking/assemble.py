"""From a journal to a Trace: places get names, clock readings become a column, deaths find their births."""

from __future__ import annotations

import contextlib
import linecache
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ndmem import _native
from ndmem.model.ending import Ending
from ndmem.model.site import Site
from ndmem.model.source import read_statements
from ndmem.model.trace import CallTree, Events, Kind, Origin, Peak, RunInfo, Tallies, Trace

from .journal import CLOCK, Journal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ndmem.model.trace import Int32s

# A journal may name a device or a pipe, which never ends.
_LONGEST_SOURCE = 2**24
_NOWHERE = Site("", 0, 0, None, None, "<no Python frame>")


def assemble(journal: Journal) -> Trace:
    """Make a Trace of a journal.

    Parameters
    ----------
    journal : Journal
        As read; it may end anywhere.

    Returns
    -------
    Trace
        With the source of the user's files as it is now.
    """
    nodes, first = _live_nodes(journal)
    sites, site_of = _find_sites(nodes, journal.codes)
    tree = CallTree(
        parent=_renumber(nodes["parent"], first),
        site=site_of,
        code=nodes["code"].astype(np.int32),
        offset=nodes["offset"].astype(np.int32),
        stores=nodes["stores"].astype(np.bool_),
    )
    run = _describe(journal)
    sources = _read_sources(sites, run.library_roots, journal.meta.get("sources", {}))
    header = journal.header
    at_peak = np.where(nodes["peak_serial"] == header["peak_serial"], nodes["at_peak"], nodes["live"])
    tallies = Tallies(nodes["count"], nodes["total"], nodes["live"], at_peak, nodes["max_live"])
    events, lost = _make_events(journal, first, tree, _statement_columns(sites, site_of, sources))
    births = np.count_nonzero(events.kind == Kind.BORN)
    peak_node = int(header["peak_node"]) - first if header["peak"] else -1
    return Trace(
        origin=Origin.MEASURED,
        run=run,
        sites=sites,
        tree=tree,
        tallies=Tallies(*(np.ascontiguousarray(column) for column in _columns(tallies))),
        events=events,
        peak=Peak(int(header["peak"]), min(peak_node, len(tree) - 1), min(int(header["peak_events"]), len(events))),
        holders=tuple(holder for holder in journal.holders if 0 <= holder.buffer < births),
        dropped=int(header["dropped"]) + lost,
        sources=sources,
    )


def _columns(tallies: Tallies) -> tuple[Any, ...]:
    return tallies.count, tallies.total, tallies.live, tallies.at_peak, tallies.max_live


def _live_nodes(journal: Journal) -> tuple[np.ndarray[Any, Any], int]:
    """Return the nodes in order, and how many were left out in front: the root, where nothing happened."""
    nodes = journal.nodes
    # A journal cut within its nodes keeps those before the cut.
    whole = (
        len(nodes)
        if (nodes["id"] == np.arange(len(nodes))).all()
        else int(np.argmin(nodes["id"] == np.arange(len(nodes))))
    )
    nodes = nodes[:whole]
    used = bool(len(nodes)) and (nodes["count"][0] > 0 or nodes["max_live"][0] >= 0)
    first = 0 if used or not len(nodes) else 1
    return nodes[first:], first


def _renumber(parent: np.ndarray[Any, Any], first: int) -> Int32s:
    """Parents as a Trace counts them; the root is nobody's caller."""
    return np.where(parent == 0, -1, parent.astype(np.int64) - first).astype(np.int32)


def _find_sites(nodes: np.ndarray[Any, Any], codes: Mapping[int, tuple[str, str]]) -> tuple[tuple[Site, ...], Int32s]:
    """Return each place once, and the place of each node."""
    numbers: dict[Site, int] = {}
    site_of = np.empty(len(nodes), np.int32)
    values = [nodes[name].tolist() for name in ("id", "code", "lineno", "end_lineno", "col", "end_col")]
    for i, (node, code, lineno, end_lineno, col, end_col) in enumerate(zip(*values, strict=True)):
        filename, function = codes.get(code, ("", "?"))
        site = _NOWHERE
        if node:
            first = max(lineno, 0)
            known = col >= 0 and end_col >= 0
            columns = (col, end_col) if known else (None, None)
            site = Site(filename, first, max(end_lineno, first), columns[0], columns[1], function)
        site_of[i] = numbers.setdefault(site, len(numbers))
    return tuple(numbers), site_of


def _describe(journal: Journal) -> RunInfo:
    header, meta = journal.header, journal.meta
    notes = [str(note) for note in meta.get("notes", ())]
    if header["missed"]:
        notes.append(f"{header['missed']} arrays were not recorded: there was no memory left to keep the books.")
    if header["merged"]:
        notes.append("The program made more than 260,000 call stacks; later ones are counted with their callers.")
    return RunInfo(
        program=tuple(meta.get("program", ())),
        python=meta.get("python", ""),
        numpy=meta.get("numpy"),
        exit_status=meta.get("exit_status"),
        pid=int(header["pid"]),
        started=float(header["started_ns"]) / 1e9,
        duration_s=float(header["duration_ns"]) / 1e9,
        threshold=int(header["threshold"]),
        library_roots=tuple(meta.get("library_roots", ())),
        notes=tuple(notes),
        ending=None if meta.get("ending") is None else Ending(meta["ending"]),
    )


def _read_sources(sites: tuple[Site, ...], roots: tuple[str, ...], given: Mapping[str, str]) -> dict[str, str]:
    """Return the text of the user's files; of the libraries only what the run itself gave."""
    sources = {}
    for filename in sorted({site.filename for site in sites}):
        if filename in given:
            sources[filename] = given[filename]
        elif filename and not filename.startswith(("<frozen", *(root + "/" for root in roots))):
            text = _read_source(filename)
            if text:
                sources[filename] = text
    return sources


def _read_source(filename: str) -> str:
    """Return the text of a file that a journal names, if it is one that can hold a program."""
    with contextlib.suppress(OSError):  # a notebook's cell is in no file
        found = Path(filename).stat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > _LONGEST_SOURCE:
            return ""
    linecache.checkcache(filename)
    return "".join(linecache.getlines(filename))


def _statement_columns(sites: tuple[Site, ...], site_of: Int32s, sources: Mapping[str, str]) -> tuple[Int32s, Int32s]:
    """Return the statement and the comprehension of each node; a line is its own where there is no source."""
    read = {filename: read_statements(text) for filename, text in sources.items()}
    statement, loop = np.empty(len(sites), np.int32), np.full(len(sites), -1, np.int32)
    for i, site in enumerate(sites):
        statement[i] = site.lineno
        if site.filename in read:
            statement[i] = read[site.filename].statement(site.lineno)
            loop[i] = read[site.filename].loop(site.lineno, site.col)
    return statement[site_of], loop[site_of]


def _make_events(journal: Journal, first: int, tree: CallTree, statements: tuple[Int32s, Int32s]) -> tuple[Events, int]:
    """Return the births and deaths, and how many made no sense and were left out."""
    raw = journal.events
    ticks = raw["kind"] == CLOCK
    time_ns = np.maximum.accumulate(np.where(ticks, raw["payload"], 0))
    keep = ~ticks
    born = raw["kind"] == Kind.BORN
    births = int(np.count_nonzero(born))
    node = raw["node"].astype(np.int64) - first
    sane = (raw["kind"] <= CLOCK) & (node >= 0) & (node < len(tree)) & (raw["payload"] >= 0)
    # A death names a buffer that was born before it.
    sane &= born | (raw["payload"] < np.cumsum(born))
    if not (sane | ticks).all():
        cut = int(np.argmin(sane | ticks))  # what follows damage cannot be trusted
        lost = int(np.count_nonzero(keep[cut:]))
        keep[cut:] = False
        births = int(np.count_nonzero(born & keep))
    else:
        lost = 0
    kind, payload = raw["kind"][keep], raw["payload"][keep]
    is_birth = kind == Kind.BORN
    buffer = np.where(is_birth, np.cumsum(is_birth) - 1, payload)
    nbytes = payload[is_birth][buffer] if births else np.empty(0, np.int64)
    columns = Events(
        kind=kind,
        domain=raw["domain"][keep],
        thread=raw["thread"][keep],
        stack=node[keep].astype(np.int32),
        buffer=buffer,
        nbytes=nbytes,
        live=raw["live"][keep],
        time_ns=time_ns[keep],
        within=np.empty(0, np.int16),
    )
    return _with_depths(columns, tree, statements), lost


def _with_depths(events: Events, tree: CallTree, statements: tuple[Int32s, Int32s]) -> Events:
    """Fill in ``within``: how much of the birth's stack was still in the same execution at the death."""
    statement, loop = statements
    columns = {
        "kind": events.kind,
        "thread": events.thread,
        "stack": events.stack,
        "buffer": events.buffer,
        "parent": tree.parent,
        "code": tree.code,
        "statement": statement,
        "offset": tree.offset,
        "loop": loop,
        "stores": tree.stores,
    }
    depths = _native.statement_depths(*(np.ascontiguousarray(column) for column in columns.values()))
    rest = {
        name: np.ascontiguousarray(getattr(events, name)) for name in events.__dataclass_fields__ if name != "within"
    }
    return Events(**rest, within=np.frombuffer(depths, np.int16))
