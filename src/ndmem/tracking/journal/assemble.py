"""Make a Trace of a journal: places get names, counters become tallies."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from ndmem.errors import TraceError
from ndmem.model.columns import CallTree, Compacted, Domain, Kind, Samples, Tallies
from ndmem.model.ending import Ending
from ndmem.model.machine_limit import read_machine_limit
from ndmem.model.memory_request import read_memory_request
from ndmem.model.rank import read_rank
from ndmem.model.refusal import read_refusal
from ndmem.model.site import Site
from ndmem.model.source import read_statements
from ndmem.model.together import read_together
from ndmem.model.trace import COUNTED_ONLY, Origin, Peak, RunInfo, Trace
from ndmem.steps import Step, begin
from ndmem.tracking.journal.file.events import make_events
from ndmem.units import ADDRESSABLE_NBYTES, format_nbytes

from .cells import find_cell_sources, name_cells
from .deep_facts import assemble_deep_facts
from .sources import read_sources

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ndmem.model.columns import Events, Int32s, Int64s
    from ndmem.tracking.journal.file.records import Journal

_TOTALS = ("live", "peak", "native_live", "native_peak", "total_peak")
# Less reserved address space is not mentioned in a note.
_NOTABLE = 2**28
# Bits of the header's `merged`: call stacks, or threads, that share a number.
_MERGED_PLACES, _MERGED_THREADS = 1, 2
_WITH_CALLERS = "The program made more than 260,000 call stacks; later ones are counted with their callers."
_OTHER_LINES = "Arrays of call stacks for which a continuous recording has no space are one row: other lines."
_NOWHERE = Site("", 0, 0, None, None, "<no Python frame>")


def assemble(journal: Journal) -> Trace:
    """Make a Trace of a journal.

    Parameters
    ----------
    journal : Journal
        A journal, which may be cut anywhere.

    Returns
    -------
    Trace
        With the present text of the user's source files.

    Raises
    ------
    TraceError
        If its totals are negative, or its events contradict them.
    """
    header = journal.header
    if min(int(header[name]) for name in _TOTALS) < 0:
        raise TraceError("it is damaged: its totals are negative")
    begin(Step.NAME)
    nodes, first = _live_nodes(journal)
    cells = name_cells((filename for filename, _ in journal.codes.values()), journal.meta)
    sites, site_of = _find_sites(
        nodes, {code: (cells.get(filename, filename), name) for code, (filename, name) in journal.codes.items()}
    )
    tree = _make_tree(nodes, first, site_of)
    run = _describe(journal)
    given = {**find_cell_sources(cells, journal.meta), **journal.meta.get("sources", {})}
    sources = read_sources(sites, tree, nodes["total"], run, given)
    begin(Step.REPLAY)
    statements = _statement_columns(sites, site_of, sources)
    events, lost = make_events(journal.events, first, tree, statements, journal.compacted.events)
    births = np.count_nonzero(events.kind == Kind.BORN)
    compacted = _trust_marks(journal.compacted, len(events))
    watched = run.native_threshold is not None
    return Trace(
        origin=Origin.MEASURED,
        run=run,
        sites=sites,
        tree=tree,
        tallies=_make_tallies(journal, nodes),
        events=events,
        peak=_read_peak(journal, "peak", first, tree, events),
        holders=tuple(holder for holder in journal.holders if 0 <= holder.buffer < births),
        dropped=int(header["dropped"]) + lost,
        sources=sources,
        native=_find_native_peak(int(header["native_peak"]), events, compacted) if watched else None,
        total=_read_peak(journal, "total", first, tree, events) if watched else None,
        origins={buffer: library for buffer, library in journal.origins.items() if 0 <= buffer < births},
        rss=_read_samples(journal.meta),
        rss_peak_nbytes=_read_nbytes(journal.meta, "rss_peak_nbytes"),
        together=None if journal.meta.get("together") is None else read_together(journal.meta["together"]),
        compacted=compacted,
        threads=journal.threads,
        forms={buffer: form for buffer, form in journal.forms.items() if 0 <= buffer < births},
        deep=assemble_deep_facts(journal.meta, tree, sites, nodes["count"], cells),
    )


def _make_tree(nodes: np.ndarray[Any, Any], first: int, site_of: Int32s) -> CallTree:
    return CallTree(
        parent=_renumber(nodes["parent"], first),
        site=site_of,
        code=nodes["code"].astype(np.int32),
        offset=nodes["offset"].astype(np.int32),
        stores=nodes["stores"].astype(np.bool_),
        domain=nodes["domain"].astype(np.uint8),
    )


def _trust_marks(compacted: Compacted, events: int) -> Compacted:
    """Return the marks up to the first that is damaged, or that comes after discarded events."""
    columns = {column.name: getattr(compacted, column.name) for column in fields(compacted)}
    sane = columns["events"] <= events
    for values in columns.values():
        sane &= (values >= 0) & (values < ADDRESSABLE_NBYTES)
    end = len(sane) if sane.all() else int(np.argmin(sane))
    return Compacted(**{name: values[:end] for name, values in columns.items()})


def _make_tallies(journal: Journal, nodes: np.ndarray[Any, Any]) -> Tallies:
    """Return the counters; a node that did not change since a peak had its present bytes at that peak."""

    def at_peak(column: str, serial: str) -> Int64s:
        return np.where(nodes[serial] == journal.header[serial], nodes[column], nodes["live"])

    return Tallies(
        **{name: np.ascontiguousarray(nodes[name]) for name in ("count", "total", "live", "max_live", "max_native")},
        at_peak=at_peak("at_peak", "peak_serial"),
        at_total_peak=at_peak("at_total", "total_serial"),
    )


def _read_peak(journal: Journal, name: str, first: int, tree: CallTree, events: Events) -> Peak:
    """Return the peak of arrays (``"peak"``) or the total one (``"total"``) from the header."""
    header = journal.header
    nbytes = int(header["peak" if name == "peak" else f"{name}_peak"])
    stack = int(header[f"{name}_node"]) - first if nbytes else -1
    return Peak(nbytes, stack if 0 <= stack < len(tree) else -1, min(int(header[f"{name}_events"]), len(events)))


def _find_native_peak(nbytes: int, events: Events, compacted: Compacted) -> Peak:
    """Return the peak of native blocks, with its stack where the events up to it are in the record."""
    live = compacted.add_unseen(events.native_live())
    if live.min(initial=0) < 0:
        raise TraceError("it is damaged: live native bytes exceed the address space")
    highest = int(live.argmax()) if len(live) else 0
    if not nbytes or not len(live) or live[highest] != nbytes:
        return Peak(nbytes, -1, 0)
    return Peak(nbytes, int(events.stack[highest]), highest + 1)


def _read_samples(meta: Mapping[str, Any]) -> Samples:
    given = meta.get("rss") or {}
    time_ns, nbytes = (np.array(given.get(name, ()), np.int64) for name in ("time_ns", "nbytes"))
    if time_ns.ndim != 1 or time_ns.shape != nbytes.shape or min(time_ns.min(initial=0), nbytes.min(initial=0)) < 0:
        raise ValueError("its samples of resident memory are inconsistent")
    return Samples(time_ns, nbytes)


def _read_nbytes(meta: Mapping[str, Any], name: str) -> int | None:
    nbytes = meta.get(name)
    return None if nbytes is None else max(int(nbytes), 0)


def _live_nodes(journal: Journal) -> tuple[np.ndarray[Any, Any], int]:
    """Return the nodes, and the number of nodes skipped at the start: 1 if nothing happened at the root."""
    nodes = journal.nodes
    # A journal cut within its nodes keeps those before the cut.
    sane = (nodes["id"] == np.arange(len(nodes))) & (nodes["domain"] <= Domain.MAPPED)
    nodes = nodes if sane.all() else nodes[: int(np.argmin(sane))]
    used = bool(len(nodes)) and (nodes["count"][0] > 0 or nodes["max_live"][0] >= 0)
    first = 0 if used or not len(nodes) else 1
    return nodes[first:], first


def _renumber(parent: np.ndarray[Any, Any], first: int) -> Int32s:
    """Return parents as a Trace numbers them: children of the root have no caller."""
    return np.where(parent == 0, -1, parent.astype(np.int64) - first).astype(np.int32)


def _find_sites(nodes: np.ndarray[Any, Any], codes: Mapping[int, tuple[str, str]]) -> tuple[tuple[Site, ...], Int32s]:
    """Return each place once, and the place of each node."""
    numbers: dict[Site, int] = {}
    site_of = np.empty(len(nodes), np.int32)
    values = [nodes[name].tolist() for name in ("code", "lineno", "end_lineno", "col", "end_col")]
    for i, (code, lineno, end_lineno, col, end_col) in enumerate(zip(*values, strict=True)):
        filename, function = codes.get(code, ("", "?"))
        site = _NOWHERE
        if code:  # 0: the root, and its leaf for native blocks
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
        notes.append(f"{header['missed']} arrays were not recorded: ndmem itself ran out of memory for bookkeeping.")
    if len(journal.compacted):
        notes.append(_describe_compaction(journal))
    if sum(nbytes for nbytes, _ in journal.reserved) >= _NOTABLE:
        notes.append(_describe_reserved(journal.reserved))
    if header["merged"] & _MERGED_PLACES:
        notes.append(_OTHER_LINES if int(header["threshold"]) >= COUNTED_ONLY else _WITH_CALLERS)
    if header["merged"] & _MERGED_THREADS:
        notes.append("The program started 65,535 threads or more: temporary arrays of the later ones are unknown.")
    return RunInfo(
        program=tuple(meta.get("program", ())),
        python=meta.get("python", ""),
        numpy=meta.get("numpy"),
        exit_status=meta.get("exit_status"),
        pid=int(header["pid"]),
        started=float(header["started_ns"]) / 1e9,
        duration_s=float(header["duration_ns"]) / 1e9,
        threshold=int(header["threshold"]),
        native_threshold=int(header["native_threshold"]) or None,
        library_roots=tuple(meta.get("library_roots", ())),
        notes=tuple(notes),
        ending=None if meta.get("ending") is None else Ending(meta["ending"]),
        limit=read_machine_limit(meta.get("limit")),
        refusal=read_refusal(meta.get("refusal")),
        rank=read_rank(meta.get("rank")),
        request=read_memory_request(meta.get("request")),
        budget_nbytes=_find_budget(journal),
        packages=tuple(map(str, meta.get("packages", ()))),
        program_packages=tuple(map(str, meta.get("program_packages", ()))),
    )


def _describe_compaction(journal: Journal) -> str:
    """Describe what the compaction of a long run left out, and which figures are still exact."""
    compacted, header = journal.compacted, journal.header
    count, until_s = int(header["events"]), float(compacted.time_ns.max()) / 1e9
    return (
        f"{compacted.left_out():,} of {count:,} births and deaths are left out, all before {until_s:,.1f} s: "
        "of buffers that were not alive at a peak or at the end. Temporary bytes are a lower bound; all other "
        "figures are exact."
    )


def _describe_reserved(reserved: Sequence[tuple[int, str]]) -> str:
    nbytes = sum(nbytes for nbytes, _ in reserved)
    libraries = ", ".join(sorted({library for _, library in reserved if library}))
    subject = f"Libraries ({libraries})" if libraries else "Libraries"
    return (
        f"{subject} mapped {format_nbytes(nbytes)} of address space in large pieces. "
        "Only the pages of it that were in use when ndmem looked count as native memory."
    )


def _find_budget(journal: Journal) -> int | None:
    """Return the budget in force at the peak: of arrays, or of all memory where native memory is watched."""
    header = journal.header
    events = int(header["total_events" if header["native_threshold"] else "peak_events"])
    # A budget noted at an event's number was in force before that event.
    found = -1
    for noted, nbytes in journal.budgets:
        if noted < max(events, 1):
            found = nbytes
    return None if found < 0 else found


def _statement_columns(sites: tuple[Site, ...], site_of: Int32s, sources: Mapping[str, str]) -> tuple[Int32s, Int32s]:
    """Return the statement and the comprehension of each node; without source a line is its own statement."""
    read = {filename: read_statements(text) for filename, text in sources.items()}
    statement, loop = np.empty(len(sites), np.int32), np.full(len(sites), -1, np.int32)
    for i, site in enumerate(sites):
        statement[i] = site.lineno
        if site.filename in read:
            statement[i] = read[site.filename].statement(site.lineno)
            loop[i] = read[site.filename].loop(site.lineno, site.col)
    return statement[site_of], loop[site_of]
