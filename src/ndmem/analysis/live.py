"""Buffers live at a moment, largest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from ndmem.model.columns import Domain, Kind
from ndmem.model.holder import ArrayForm

from .call_tree.frames import standing_nodes, statement_depths
from .held import NEVER_HELD, holders_by_buffer
from .index import fact
from .moment import Moment, events_until, nbytes_at
from .origin import name_origin
from .repeated_forms import forms_by_place, place_of
from .tables.expression import expression_text
from .tables.library_scope import find_library_scope
from .tables.sources import source_files
from .tables.target import find_target
from .tables.threads import birth_threads

if TYPE_CHECKING:
    from ndmem.model.columns import Bools, Int32s, Int64s
    from ndmem.model.holder import Holder
    from ndmem.model.site import Site, Stack
    from ndmem.model.trace import Trace

    from .held import Held
    from .index import TraceIndex
    from .tables.sources import SourceFiles
    from .tables.target import Target


@dataclass(frozen=True, slots=True)
class LiveBuffer:
    """One buffer that was live at a moment.

    Attributes
    ----------
    buffer : int
        Number of the buffer.
    nbytes : int
        Its bytes.
    node : int
        Node of the call tree that allocated it.
    stack : Stack
        The stack that allocated it, leaf first.
    site : Site
        The user's frame of that stack.
    expression : str or None
        The sub-expression that allocated it, or the user's call of the library that did; ``None`` if the columns
        (``-X no_debug_ranges``) or the source are unknown.
    temporary : bool or None
        Whether it was freed while the user's statement that allocated it was still running; ``None`` if that is
        unknown, because events were dropped or the program was killed.
    holders : tuple of Holder
        Array objects that were found to hold it, owners before views; empty if none was found.
    former : tuple of Holder
        Those that held it at an earlier search, if none does any more: their shape and dtype are still those of the
        buffer.
    form : ArrayForm or None
        Shape and dtype of its array, if that was seen without a holder.
    likely_form : ArrayForm or None
        Where nothing was seen of it: shape and dtype of all arrays of as many bytes from the same place.
    target : Target or None
        Where the statement that allocated it puts its value, if it was not temporary and no holder was ever found but
        variables of library functions.
    origin : str or None
        Purpose of a native block that a library mapped by itself, or the path of a mapped file, empty if it is unknown;
        ``None`` for any other buffer.
    thread : int
        Number of the thread that allocated it; `Trace.threads` has the names.
    kind : Domain
        Whose memory it is: ``ARRAY`` is NumPy's own.
    """

    buffer: int
    nbytes: int
    node: int
    stack: Stack
    site: Site
    expression: str | None
    temporary: bool | None
    holders: tuple[Holder, ...]
    former: tuple[Holder, ...]
    form: ArrayForm | None
    likely_form: ArrayForm | None
    target: Target | None
    origin: str | None
    thread: int
    kind: Domain = Domain.ARRAY

    def allocated_by(self, sources: SourceFiles) -> str:
        """Return the code that allocated it: the sub-expression, else the line, else the function."""
        return self.expression or sources.line(self.site.filename, self.site.lineno) or f"in {self.site.function}"

    @property
    def holder(self) -> Holder | None:
        """The owner, or the first view if no owner was found."""
        return self.holders[0] if self.holders else None

    @property
    def array(self) -> Holder | ArrayForm | None:
        """What tells shape and dtype: the holder, the array itself, the last holder before, or others of its place."""
        return self._seen or self.likely_form

    @property
    def _seen(self) -> Holder | ArrayForm | None:
        return self.holder or self.form or next(iter(self.former), None)

    @property
    def is_form_likely(self) -> bool:
        """Whether shape and dtype are those of other arrays of its place, and its own were not seen."""
        return self._seen is None and self.likely_form is not None


@dataclass(frozen=True, slots=True, eq=False)
class LiveColumns:
    """Buffers of a domain live at a moment as columns, largest first.

    Attributes
    ----------
    domain : Domain
        Their domain.
    until : int
        Number of events up to the moment.
    buffer, nbytes : (k,) int64
        Number and bytes.
    node : (k,) int32
        Node that allocated each.
    standing : (k,) int32
        Node of the user's frame that stands for that stack.
    died, temporary : (k,) bool
        Whether an event frees it later, and within the execution of the user's statement that allocated it.
    """

    domain: Domain
    until: int
    buffer: Int64s
    nbytes: Int64s
    node: Int32s
    standing: Int32s
    died: Bools
    temporary: Bools

    def at(self, places: Int64s) -> LiveColumns:
        """Return some of the buffers, by their places in the columns."""
        return LiveColumns(
            self.domain,
            self.until,
            self.buffer[places],
            self.nbytes[places],
            self.node[places],
            self.standing[places],
            self.died[places],
            self.temporary[places],
        )


@fact
def find_live(index: TraceIndex, *, until: int, domain: Domain = Domain.ARRAY) -> LiveColumns:
    """Find the buffers that are live after ``until`` events, without creating an object for each."""
    trace = index.trace
    events, ours = trace.events, trace.events.domain == domain
    is_death = ours & (events.kind == Kind.DIED)
    born = np.flatnonzero(ours[:until] & ~is_death[:until])
    born = born[events.alive_after(until, domain=domain)[events.buffer[born]]]
    # Largest first; of equal sizes the one that was allocated first.
    born = born[np.lexsort((events.buffer[born], -events.nbytes[born]))]
    within = _later_deaths(trace, events.buffer[born], np.flatnonzero(is_death[until:]) + until)
    node = events.stack[born]
    standing = standing_nodes(index)[node]
    return LiveColumns(
        domain=domain,
        until=until,
        buffer=events.buffer[born],
        nbytes=events.nbytes[born],
        node=node,
        standing=standing,
        died=within != _ALIVE,
        temporary=(within != _ALIVE) & (within >= statement_depths(index)[node]),
    )


def each_live_buffer(index: TraceIndex, columns: LiveColumns) -> Iterator[LiveBuffer]:
    """Yield a description of each buffer that `find_live` found, in its order."""
    trace, sources, holders = index.trace, source_files(index), holders_by_buffer(index, columns.until)
    threads, likely = birth_threads(index), forms_by_place(index) if columns.domain is Domain.ARRAY else {}
    surely_alive = trace.dropped == 0 and not trace.run.is_cut
    stacks: dict[int, Stack] = {}
    for place in range(len(columns.buffer)):
        node, buffer = int(columns.node[place]), int(columns.buffer[place])
        if node not in stacks:
            stacks[node] = trace.stack(node)
        site = trace.sites[trace.tree.site[columns.standing[place]]]
        known = bool(columns.died[place]) or surely_alive
        temporary = bool(columns.temporary[place]) if known else None
        held, form = holders.get(buffer, NEVER_HELD), trace.forms.get(buffer)
        target = find_target(index, site) if temporary is False and _is_seen_inside(index, held, stacks[node]) else None
        if target is not None and held is not NEVER_HELD:  # the user's name says more than that of a library's local
            seen = (held.holders or held.former)[0]
            held, form = NEVER_HELD, ArrayForm(seen.shape, seen.dtype)
        yield LiveBuffer(
            buffer=buffer,
            nbytes=int(columns.nbytes[place]),
            node=node,
            stack=stacks[node],
            site=site,
            expression=expression_text(sources, site),
            temporary=temporary,
            holders=held.holders,
            former=held.former,
            form=form,
            likely_form=likely.get((*place_of(index, node), int(columns.nbytes[place]))),
            target=target,
            origin=_name_origin(columns.domain, trace.origins.get(buffer)),
            thread=int(threads[buffer]),
            kind=columns.domain,
        )


def _is_seen_inside(index: TraceIndex, held: Held, stack: Stack) -> bool:
    """Tell whether only the library functions that allocated a buffer were seen to hold it, before they returned it."""
    functions = {site.function for site in stack}
    return all(
        not holder.is_view and holder.function in functions and find_library_scope(index, holder) is not None
        for holder in held.holders or held.former
    )


def _name_origin(kind: Domain, found: str | None) -> str | None:
    if kind is Domain.MAPPED:
        return found or ""
    return None if found is None else name_origin(found)


def live_buffers(
    index: TraceIndex, moment: Moment = Moment.PEAK, *, limit: int | None = None
) -> tuple[LiveBuffer, ...]:
    """Return the buffers of arrays live at a moment, largest first.

    Parameters
    ----------
    index, moment
        As for `find_answer`.
    limit : int or None
        Return at most this many; ``None`` for all.

    Returns
    -------
    tuple of LiveBuffer
        Those of at least the trace's threshold. Together with `small_nbytes` they sum to the live bytes.

    Raises
    ------
    TraceError
        If the trace's call tree is damaged.
    """
    columns = live_arrays(index, moment)
    return tuple(islice(each_live_buffer(index, columns), None if limit is None else max(limit, 0)))


def live_arrays(index: TraceIndex, moment: Moment = Moment.PEAK) -> LiveColumns:
    """Find the buffers of arrays live at a moment that are events."""
    return find_live(index, until=events_until(index.trace, moment))


def small_nbytes(index: TraceIndex, moment: Moment = Moment.PEAK) -> int:
    """Return the bytes live at a moment in buffers of arrays that are not events.

    These are smaller than the trace's threshold; if events were dropped, larger ones can be among them.
    """
    return nbytes_at(index.trace, moment) - int(live_arrays(index, moment).nbytes.sum())


_ALIVE = -2
"""In place of `Events.within`: the buffer was never freed. -1 is a deallocation within no execution."""


def _later_deaths(trace: Trace, buffer: Int64s, deaths: Int64s) -> Int64s:
    """Return `Events.within` of the later deallocation of each buffer, `_ALIVE` for those never freed."""
    within = np.full(len(buffer), _ALIVE, np.int64)
    if not len(buffer) or not len(deaths):
        return within
    order = np.argsort(buffer)
    dying = trace.events.buffer[deaths]
    place = order[np.minimum(np.searchsorted(buffer, dying, sorter=order), len(buffer) - 1)]
    matches = buffer[place] == dying
    within[place[matches]] = trace.events.within[deaths[matches]]
    return within
