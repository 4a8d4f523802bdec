"""The buffers alive at a moment, largest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from ndmem.model.columns import Domain, Kind
from ndmem.model.holder import Holder

from .expression import expression_text
from .frames import mark_user_nodes, standing_nodes
from .moment import Moment, events_until, nbytes_at
from .origin import name_origin
from .sources import SourceFiles
from .tree import count_depth, split_levels

if TYPE_CHECKING:
    from ndmem.model.columns import Bools, Int32s, Int64s
    from ndmem.model.site import Site, Stack
    from ndmem.model.trace import Trace


@dataclass(frozen=True, slots=True)
class LiveBuffer:
    """One buffer that was alive at a moment.

    Attributes
    ----------
    buffer : int
        Number of the buffer.
    nbytes : int
        Its bytes.
    node : int
        Node of the call tree where it was born.
    stack : Stack
        Where it was born, leaf first.
    site : Site
        The user's frame of that stack.
    expression : str or None
        The sub-expression that made it, or the user's call of the library that did; ``None`` where the
        columns (Python 3.10) or the source are not known.
    temporary : bool or None
        It died while the user's statement that made it was still running; ``None`` where its death cannot be
        known: events were dropped, or the program was killed.
    holders : tuple of Holder
        Array objects seen to hold it: owners before views. Empty where none was found.
    origin : str or None
        What a native block is that a library mapped by itself; ``None`` for any other buffer.
    """

    buffer: int
    nbytes: int
    node: int
    stack: Stack
    site: Site
    expression: str | None
    temporary: bool | None
    holders: tuple[Holder, ...]
    origin: str | None

    def made_by(self, sources: SourceFiles) -> str:
        """Return the text that made it: the sub-expression, else the line, else the function that it was in."""
        return self.expression or sources.line(self.site.filename, self.site.lineno) or f"in {self.site.function}"

    @property
    def holder(self) -> Holder | None:
        """The owner, or the first view where no owner was found."""
        return self.holders[0] if self.holders else None


@dataclass(frozen=True, slots=True, eq=False)
class LiveColumns:
    """The buffers of a domain alive at a moment as columns, largest first.

    Attributes
    ----------
    until : int
        Number of events up to the moment.
    buffer, nbytes : (k,) int64
        Number and bytes.
    node : (k,) int32
        Where they were born.
    standing : (k,) int32
        Node of the user's frame that stands for that stack.
    died, temporary : (k,) bool
        Whether their death was seen later, and in the execution of the user's statement that made them.
    """

    until: int
    buffer: Int64s
    nbytes: Int64s
    node: Int32s
    standing: Int32s
    died: Bools
    temporary: Bools


def find_live(trace: Trace, *, until: int, domain: Domain = Domain.ARRAY) -> LiveColumns:
    """Find the buffers alive after so many events that are events, without an object for each."""
    events, ours = trace.events, trace.events.domain == domain
    is_death = ours & (events.kind == Kind.DIED)
    born = np.flatnonzero(ours[:until] & ~is_death[:until])
    died = events.buffer[:until][is_death[:until]]
    born = born[np.isin(events.buffer[born], died, assume_unique=True, invert=True)]
    # Largest first; of equal ones the elder.
    born = born[np.lexsort((events.buffer[born], -events.nbytes[born]))]
    within = _later_deaths(trace, events.buffer[born], np.flatnonzero(is_death[until:]) + until)
    node = events.stack[born]
    depth = count_depth(split_levels(trace.tree.parent), nodes=len(trace.tree))
    standing = standing_nodes(trace, mark_user_nodes(trace))[node]
    return LiveColumns(
        until=until,
        buffer=events.buffer[born],
        nbytes=events.nbytes[born],
        node=node,
        standing=standing,
        died=within != _ALIVE,
        temporary=(within != _ALIVE) & (within >= depth[standing]),
    )


def each_live_buffer(trace: Trace, columns: LiveColumns) -> Iterator[LiveBuffer]:
    """Describe the buffers that `find_live` found one by one, in its order."""
    sources, holders = SourceFiles(trace.sources), _holders_by_buffer(trace, columns.until)
    surely_alive = trace.dropped == 0 and not trace.run.is_cut
    stacks: dict[int, Stack] = {}
    for index in range(len(columns.buffer)):
        node, buffer = int(columns.node[index]), int(columns.buffer[index])
        if node not in stacks:
            stacks[node] = trace.stack(node)
        site = trace.sites[trace.tree.site[columns.standing[index]]]
        known = bool(columns.died[index]) or surely_alive
        library = trace.origins.get(buffer)
        yield LiveBuffer(
            buffer=buffer,
            nbytes=int(columns.nbytes[index]),
            node=node,
            stack=stacks[node],
            site=site,
            expression=expression_text(sources, site),
            temporary=bool(columns.temporary[index]) if known else None,
            holders=holders.get(buffer, ()),
            origin=None if library is None else name_origin(library),
        )


def live_buffers(trace: Trace, moment: Moment = Moment.PEAK, *, limit: int | None = None) -> tuple[LiveBuffer, ...]:
    """Return the buffers of arrays alive at a moment, largest first.

    Parameters
    ----------
    trace : Trace
        The run.
    moment : Moment
        The peak or the end.
    limit : int or None
        Return at most this many; ``None`` for all.

    Returns
    -------
    tuple of LiveBuffer
        Those of the trace's threshold and more. Together with `small_nbytes` they sum to the live bytes.

    Raises
    ------
    TraceError
        If the trace's call tree is damaged.
    """
    columns = find_live(trace, until=events_until(trace, moment))
    return tuple(islice(each_live_buffer(trace, columns), None if limit is None else max(limit, 0)))


def small_nbytes(trace: Trace, moment: Moment = Moment.PEAK, *, columns: LiveColumns | None = None) -> int:
    """Return the bytes alive at a moment in arrays' buffers that are not events.

    They are below the trace's threshold; where events were dropped they can also be larger ones.
    """
    columns = find_live(trace, until=events_until(trace, moment)) if columns is None else columns
    return nbytes_at(trace, moment) - int(columns.nbytes.sum())


_ALIVE = -2


def _later_deaths(trace: Trace, buffer: Int64s, deaths: Int64s) -> Int64s:
    """Return ``Events.within`` of the later death of each buffer, -2 for those that never died."""
    within = np.full(len(buffer), _ALIVE, np.int64)
    if not len(buffer) or not len(deaths):
        return within
    order = np.argsort(buffer)
    dying = trace.events.buffer[deaths]
    place = order[np.minimum(np.searchsorted(buffer, dying, sorter=order), len(buffer) - 1)]
    matches = buffer[place] == dying
    within[place[matches]] = trace.events.within[deaths[matches]]
    return within


def _holders_by_buffer(trace: Trace, until: int) -> dict[int, tuple[Holder, ...]]:
    """Return the holders of each buffer at a moment, owners first.

    A buffer is looked for now and then, and what is found later takes the place of what was found before: of
    each buffer the last look until the moment counts, or the first one after it.
    """
    looks: dict[int, dict[int, list[Holder]]] = {}
    for holder in trace.holders:
        looks.setdefault(holder.buffer, {}).setdefault(holder.events, []).append(holder)
    found = {}
    for buffer, by_events in looks.items():
        look = max((events for events in by_events if events <= until), default=min(by_events))
        named: list[Holder] = []
        for holder in by_events[look]:
            # A holder without a name says that those before it hold the buffer no more.
            named = [*named, holder] if holder.name else []
        found[buffer] = tuple(sorted(named, key=lambda holder: holder.is_view))
    return found
