"""A journal that is still being written, followed by another process without reading it again and again.

Of the events each is read once. What they leave is the buffers alive now, and a history of live bytes: both stay small
however long the program runs.
"""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from ndmem.model.columns import Domain, Kind
from ndmem.model.history import History

from .journal import (
    _BLOCK,
    _EVENT,
    _EVENTS,
    _GRAIN,
    _HEADER,
    _NODES,
    CLOCK,
    FOLDED,
    Journal,
    _gather,
    read_header,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ndmem.model.holder import Holder

    Records = np.ndarray[Any, Any]


class Follower:
    """Reads what has been added to a journal since the last look.

    Parameters
    ----------
    path : Path
        The journal.

    Attributes
    ----------
    history : History
        Live bytes of arrays over time.

    Raises
    ------
    TraceError
        If it is not a journal, or one of another format.
    OSError
        If it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.history = path, History()
        self._read: dict[tuple[int, int], int] = {}
        """By the position and number of a block: how many of its bytes were read."""
        self._fold = 0
        """Of the events that were read."""
        self._alive: Records = np.empty(0, _EVENT)
        """The births of the buffers alive now, in order."""
        self._numbers = np.empty(0, np.int64)
        """Their numbers."""
        self._births, self._time_ns = 0, 0
        self._seen_ns = -1
        """Until when live bytes are in the history."""
        self._codes: dict[int, tuple[str, str]] = {}
        self._sightings: dict[int, list[Holder]] = {}
        """By the number of a live buffer: what the latest look found to hold it."""
        self._meta: dict[str, Any] = {}
        self._origins: dict[int, str] = {}
        self._file = path.open("rb", buffering=0)
        try:
            read_header(self._pread(_HEADER.itemsize, 0))
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def is_replaced(self) -> bool:
        """Whether the path no longer leads to the journal: the launcher made a trace of it, or it was deleted."""
        try:
            return not os.path.samestat(os.fstat(self._file.fileno()), self.path.stat())
        except OSError:
            return True

    def read(self) -> Journal:
        """Read what is new, and return a journal of what is alive now.

        Returns
        -------
        Journal
            Header and nodes as they are now. The events are the births of the buffers that are alive, and these
            are numbered anew; their times are not known any more.

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
            if kind == _NODES:
                nodes.append((kind, data))
            else:
                self._take(_gather(totals, iter([(kind, data)])))
        for buffer in self._sightings.keys() - set(self._numbers.tolist()):
            del self._sightings[buffer]
        # The events up to the peak are not among those that are left.
        totals["peak_events"] = totals["total_events"] = 0
        counted = _gather(totals, iter(nodes))
        return dataclasses.replace(
            counted,
            events=self._alive,
            codes=self._codes,
            holders=tuple(self._renumber_holders()),
            meta=dict(self._meta),
            origins=self._renumber_origins(),
        )

    def _pread(self, nbytes: int, at: int) -> bytes:
        return os.pread(self._file.fileno(), nbytes, at)

    def _read_parts(self) -> tuple[np.void, list[tuple[int, memoryview]]]:
        """Return the header, and the parts that are new as of one fold; the events from the start, if it is another."""
        while True:
            totals = read_header(self._pread(_HEADER.itemsize, 0)).copy()
            fold = int(totals["fold"])
            if fold != self._fold:
                self._fold, self._births, self._time_ns = fold, 0, 0
                self._alive, self._numbers = self._alive[:0], self._numbers[:0]
            read, parts = self._new_parts(fold)
            # Else blocks may have been filled anew while they were read.
            if int(read_header(self._pread(_HEADER.itemsize, 0))["fold"]) == fold:
                self._read.update(read)
                return totals, parts

    def _new_parts(self, fold: int) -> tuple[dict[tuple[int, int], int], list[tuple[int, memoryview]]]:
        """Return how far was read, and the nodes, whose counters change where they lie, and what others have more."""
        size, at = os.fstat(self._file.fileno()).st_size, _GRAIN
        read: dict[tuple[int, int], int] = {}
        parts: list[tuple[int, int, memoryview]] = []
        while at + _BLOCK.size <= size:
            head = self._pread(_BLOCK.size, at)
            if len(head) < _BLOCK.size:
                break
            magic, kind, capacity, used, of_fold, sequence = _BLOCK.unpack(head)
            if magic != b"NDBK":
                break
            begin = 0 if kind == _NODES else self._read.get((at, sequence), 0)
            used = min(used, capacity, size)
            if kind == _EVENTS:
                used = used - used % _EVENT.itemsize if of_fold == fold else 0
            if used > begin:
                parts.append((sequence, kind, memoryview(self._pread(used - begin, at + _BLOCK.size + begin))))
                read[at, sequence] = used
            at += _BLOCK.size + capacity
        # Only events lie where there was room; what the launcher adds in the end is the last text, and has no number.
        parts.sort(key=lambda part: part[0] if part[1] == _EVENTS else -1)
        return read, [(kind, data) for _, kind, data in parts]

    def _take(self, new: Journal) -> None:
        """Add what is new to what is known."""
        self._codes.update(new.codes)
        self._meta.update(new.meta)
        self._origins.update(new.origins)
        for holder in new.holders:
            known = self._sightings.get(holder.buffer, [])
            same_look = known and known[-1].events == holder.events
            self._sightings[holder.buffer] = [*known, holder] if same_look else [holder]
        if len(new.events):
            self._take_events(new.events)

    def _take_events(self, events: Records) -> None:
        time_ns = np.maximum.accumulate(np.where(events["kind"] == CLOCK, events["payload"], self._time_ns))
        self._time_ns = int(time_ns[-1])
        # What is read again after a fold is in the history already.
        new = slice(int(np.searchsorted(time_ns, self._seen_ns, side="left")), None)
        self.history.add(time_ns[new], events["live"][new])
        self._seen_ns = max(self._seen_ns, self._time_ns)
        is_born = events["kind"] == Kind.BORN
        is_mark = (events["kind"] == FOLDED) & (events["domain"] == Domain.ARRAY)
        counted = self._births + np.cumsum(is_born + np.where(is_mark, events["node"], 0).astype(np.int64))
        born = events[is_born]
        numbers = np.append(self._numbers, counted[is_born] - 1)
        self._births = int(counted[-1])
        died = events["payload"][events["kind"] == Kind.DIED]
        left = np.isin(numbers, died, invert=True)
        self._alive, self._numbers = np.concatenate([self._alive, born])[left], numbers[left]

    def _renumber_holders(self) -> Iterator[Holder]:
        place = dict(zip(self._numbers.tolist(), range(len(self._numbers)), strict=True))
        for buffer, holders in self._sightings.items():
            for holder in holders:
                yield dataclasses.replace(holder, buffer=place[buffer], events=0)

    def _renumber_origins(self) -> dict[int, str]:
        native = np.flatnonzero(self._alive["domain"] == Domain.NATIVE)
        named = ((int(place), self._origins.get(int(self._numbers[place]))) for place in native)
        return {place: origin for place, origin in named if origin is not None}
