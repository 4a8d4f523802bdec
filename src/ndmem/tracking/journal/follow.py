"""Follow a journal that another process still writes, without reading it again and again.

Each event is read once. What is kept are the live buffers and a history of live bytes: both stay small however long the
program runs.
"""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from ndmem.model.columns import Domain, Kind
from ndmem.model.history import History
from ndmem.tracking.journal.file.blocks import BLOCK, DETAILS, EVENTS, GRAIN, NODES
from ndmem.tracking.journal.file.reader import Compactions, read_header
from ndmem.tracking.journal.file.records import CLOCK, COMPACTED, EVENT, HEADER, Journal, gather_records

from .steps import make_steps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ndmem.model.holder import ArrayForm, Holder
    from ndmem.model.moments import MomentHistory

    Records = np.ndarray[Any, Any]
    _BlockKey = tuple[int, int, int]


class Follower:
    """Reads what was added to a journal since the last call.

    Parameters
    ----------
    path : Path
        The journal.
    moments : MomentHistory, optional
        Gets the live bytes by call stack over time.

    Attributes
    ----------
    history : History
        Live bytes of arrays over time.
    born_ns : (k,) int64
        When each live buffer was allocated, in nanoseconds since the start.

    Raises
    ------
    TraceError
        If it is not a journal, or one of another format.
    OSError
        If it cannot be read.
    """

    def __init__(self, path: Path, moments: MomentHistory | None = None) -> None:
        self.path, self.history, self._moments = path, History(), moments
        self._read: dict[_BlockKey, int] = {}
        """Number of bytes read, by type, position and number of the block."""
        self._latest = {EVENTS: 0, DETAILS: 0}
        """Number of the latest compaction that was read, by type of block."""
        self._alive: Records = np.empty(0, EVENT)
        """Births of the live buffers, in order."""
        self._numbers = np.empty(0, np.int64)
        """Numbers of the live buffers."""
        self.born_ns = np.empty(0, np.int64)
        self._births, self._time_ns = 0, 0
        self._history_ns = -1
        """Time of the last live bytes in the history."""
        self._codes: dict[int, tuple[str, str]] = {}
        self._sightings: dict[int, list[Holder]] = {}
        """Holders of each live buffer in the latest search, by its number."""
        self._meta: dict[str, Any] = {}
        self._threads: dict[int, str] = {}
        self._forms: dict[int, ArrayForm] = {}
        self._origins: dict[int, str] = {}
        self._reserved: list[tuple[int, str]] = []
        self._budget: tuple[int, int] | None = None
        self._file = path.open("rb", buffering=0)
        try:
            read_header(self._pread(HEADER.itemsize, 0))
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def is_replaced(self) -> bool:
        """Whether the path no longer leads to the journal: it was replaced by a trace, or deleted."""
        try:
            return not os.path.samestat(os.fstat(self._file.fileno()), self.path.stat())
        except OSError:
            return True

    def read(self) -> Journal:
        """Read what is new, and return a journal of the live buffers.

        Returns
        -------
        Journal
            Header and nodes as they are now. Its events are the births of the live buffers, which are renumbered; their
            times are unknown.

        Raises
        ------
        TraceError, ValueError, TypeError, struct.error
            If it is damaged.
        OSError
            If it cannot be read.
        """
        totals, parts = self._read_parts()
        nodes: list[tuple[int, memoryview]] = []
        for kind, data in parts:
            if kind == NODES:
                nodes.append((kind, data))
            else:
                self._take(gather_records(totals, iter([(kind, data)])))
        for buffer in self._sightings.keys() - set(self._numbers.tolist()):
            del self._sightings[buffer]
        # The events up to the peak are not kept.
        totals["peak_events"] = totals["total_events"] = 0
        counted = gather_records(totals, iter(nodes))
        return dataclasses.replace(
            counted,
            events=self._alive,
            codes=self._codes,
            holders=tuple(self._renumber_holders()),
            meta=dict(self._meta),
            forms=self._renumber_forms(),
            origins=self._renumber_origins(),
            reserved=list(self._reserved),
            budgets=[] if self._budget is None else [self._budget],
            threads=dict(self._threads),
        )

    def _pread(self, nbytes: int, at: int) -> bytes:
        return os.pread(self._file.fileno(), nbytes, at)

    def _read_parts(self) -> tuple[np.void, list[tuple[int, memoryview]]]:
        """Return the header and the new parts: all parts if a compaction was published since the last call."""
        while True:
            totals = read_header(self._pread(HEADER.itemsize, 0)).copy()
            compactions = Compactions.read(totals)
            if compactions.latest[EVENTS] != self._latest[EVENTS]:
                self._births, self._time_ns = 0, 0
                self._alive, self._numbers, self.born_ns = self._alive[:0], self._numbers[:0], self.born_ns[:0]
            if compactions.latest[DETAILS] != self._latest[DETAILS]:
                self._sightings.clear()
            again = {kind for kind, latest in compactions.latest.items() if latest != self._latest[kind]}
            self._read = {key: used for key, used in self._read.items() if key[0] not in again}
            self._latest = compactions.latest
            read, parts = self._new_parts(compactions)
            # Else blocks may have been refilled while they were read.
            if Compactions.read(read_header(self._pread(HEADER.itemsize, 0))) == compactions:
                self._read.update(read)
                return totals, parts

    def _new_parts(self, compactions: Compactions) -> tuple[dict[_BlockKey, int], list[tuple[int, memoryview]]]:
        """Return how far each block was read, and what is new: all nodes, which change in place, and added records."""
        size, at = os.fstat(self._file.fileno()).st_size, GRAIN
        read: dict[_BlockKey, int] = {}
        parts: list[tuple[int, int, memoryview]] = []
        while at + BLOCK.size <= size:
            head = self._pread(BLOCK.size, at)
            if len(head) < BLOCK.size:
                break
            magic, kind, capacity, used, compaction, sequence, replaced = BLOCK.unpack(head)
            if magic != b"NDBK":
                break
            begin = 0 if kind == NODES else self._read.get((kind, at, sequence), 0)
            used = min(used, capacity, size)
            if not compactions.count(kind, compaction, replaced):
                used = 0
            elif kind == EVENTS:
                used -= used % EVENT.itemsize
            if used > begin:
                parts.append((sequence, kind, memoryview(self._pread(used - begin, at + BLOCK.size + begin))))
                read[kind, at, sequence] = used
            at += BLOCK.size + capacity
        # Only blocks that are compacted are out of order; the last text, which the launcher adds, has no number.
        parts.sort(key=lambda part: part[0] if part[1] in compactions.latest else -1)
        return read, [(kind, data) for _, kind, data in parts]

    def _take(self, new: Journal) -> None:
        self._codes.update(new.codes)
        self._meta.update(new.meta)
        self._forms.update(new.forms)
        self._origins.update(new.origins)
        self._reserved += new.reserved
        if new.budgets:  # the events before it are not kept: it is in force from the first one on
            self._budget = 0, new.budgets[-1][1]
        self._threads.update(new.threads)
        for holder in new.holders:
            known = self._sightings.get(holder.buffer, [])
            same_search = known and known[-1].events == holder.events
            self._sightings[holder.buffer] = [*known, holder] if same_search else [holder]
        if len(new.events):
            self._take_events(new.events)

    def _take_events(self, events: Records) -> None:
        time_ns = np.maximum.accumulate(np.where(events["kind"] == CLOCK, events["payload"], self._time_ns))
        self._time_ns = int(time_ns[-1])
        # Events that are read again after a compaction are in the history already.
        new = slice(int(np.searchsorted(time_ns, self._history_ns, side="left")), None)
        self.history.add(time_ns[new], events["live"][new])
        self._history_ns = max(self._history_ns, self._time_ns)
        is_born = events["kind"] == Kind.BORN
        is_mark = (events["kind"] == COMPACTED) & (events["domain"] == Domain.ARRAY)
        counted = self._births + np.cumsum(is_born + np.where(is_mark, events["node"], 0).astype(np.int64))
        born = events[is_born]
        numbers = np.append(self._numbers, counted[is_born] - 1)
        self._births = int(counted[-1])
        died = events["payload"][events["kind"] == Kind.DIED]
        left = np.isin(numbers, died, invert=True)
        births = np.concatenate([self._alive, born])
        if self._moments is not None:
            self._moments.add(make_steps(events, time_ns, self._alive, (births, numbers), skip=new.start))
        self._alive, self._numbers = births[left], numbers[left]
        self.born_ns = np.append(self.born_ns, time_ns[is_born])[left]

    def _renumber_holders(self) -> Iterator[Holder]:
        place = dict(zip(self._numbers.tolist(), range(len(self._numbers)), strict=True))
        for buffer, holders in self._sightings.items():
            for holder in holders:
                yield dataclasses.replace(holder, buffer=place[buffer], events=0)

    def _renumber_forms(self) -> dict[int, ArrayForm]:
        alive = self._numbers.tolist()
        self._forms = {number: self._forms[number] for number in alive if number in self._forms}
        return {place: self._forms[number] for place, number in enumerate(alive) if number in self._forms}

    def _renumber_origins(self) -> dict[int, str]:
        native = np.flatnonzero(self._alive["domain"] == Domain.NATIVE)
        named = ((int(place), self._origins.get(int(self._numbers[place]))) for place in native)
        return {place: origin for place, origin in named if origin is not None}
