"""What rules look at: the buffers of a run in groups by the expression that allocated them, with names and shapes."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ndmem.advising.forms import form_nbytes, read_dtype
from ndmem.advising.source.syntax import find_place, text_of
from ndmem.analysis.call_tree.frames import mark_user_nodes, standing_nodes, statement_depths
from ndmem.analysis.over_time.lifetimes import array_lifetimes
from ndmem.analysis.tables.expression import expression_text
from ndmem.analysis.tables.sources import source_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.source.syntax import Place
    from ndmem.analysis.index import TraceIndex
    from ndmem.analysis.over_time.lifetimes import Lifetimes
    from ndmem.model.columns import Bools, Int64s
    from ndmem.model.holder import Holder
    from ndmem.model.site import Site

LEAST_SHARE = 20
"""A change is worth a finding from this part of the peak on: a twentieth."""

LEAST_NBYTES = 2**16
"""And from these bytes on, however small the peak."""

LEAST_ELSE_NBYTES = 2**20
"""The same for memory that is not arrays."""

MOST_GROUPS = 400
"""Expressions that are looked at, those with the most bytes: a report must not take longer than the program."""


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """The buffers that one expression of the user's allocated.

    Attributes
    ----------
    site : Site
        The expression.
    expression : str
        Its text.
    place : Place
        Its syntax.
    rows : (k,) int64
        Rows of `Case.buffers`, in order of birth.
    buffers : Lifetimes
        Those rows.
    temporary : (k,) bool
        Whether each was freed while the statement still ran.
    direct : (k,) bool
        Whether the expression itself allocated each: an operator or a function in C. The others were allocated by
        Python code of a library that it called.
    """

    site: Site
    expression: str
    place: Place
    rows: Int64s
    buffers: Lifetimes
    temporary: Bools
    direct: Bools

    def only(self, chosen: Bools) -> Group:
        """Return the group with some of its buffers."""
        kept = np.flatnonzero(chosen)
        return replace(
            self,
            rows=self.rows[kept],
            buffers=self.buffers.at(kept),
            temporary=self.temporary[kept],
            direct=self.direct[kept],
        )

    def temporaries(self) -> Group:
        """Return the group with its temporary buffers only."""
        return self.only(self.temporary)

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, eq=False)
class Case:
    """One run, as rules look at it.

    Attributes
    ----------
    index : TraceIndex
        The run.
    buffers : Lifetimes
        All buffers of arrays that are events.
    siblings : tuple of TraceIndex
        The other processes of the same run.
    """

    index: TraceIndex
    buffers: Lifetimes
    siblings: tuple[TraceIndex, ...] = ()
    _named: dict[tuple[str, str], Int64s] = field(default_factory=dict, repr=False)

    @property
    def peak_event(self) -> int:
        """Number of events up to and including the peak."""
        return self.index.trace.peak.events

    @cached_property
    def least(self) -> int:
        """Bytes from which on a saving is worth a finding."""
        return max(LEAST_NBYTES, self.index.trace.peak.nbytes // LEAST_SHARE)

    @cached_property
    def least_else(self) -> int:
        """Bytes of what is not arrays from which on a saving is worth a finding."""
        return max(LEAST_ELSE_NBYTES, (self.index.trace.rss_peak_nbytes or 0) // LEAST_SHARE)

    @cached_property
    def temporary(self) -> Bools:
        """Whether each buffer was freed while the statement that allocated it still ran, shape (k,)."""
        within = np.append(self.index.trace.events.within, np.int16(-2))[self.buffers.died]
        return (within >= 0) & (within >= statement_depths(self.index)[self.buffers.node])

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The buffers by the user's expression that allocated them; those with the most bytes first."""
        index, trace, sources = self.index, self.index.trace, source_files(self.index)
        standing = standing_nodes(index)[self.buffers.node]
        site_of = trace.tree.site[standing]
        users = mark_user_nodes(index)[standing]
        order = np.argsort(site_of, kind="stable")
        order = order[users[order]]
        numbers, first = np.unique(site_of[order], return_index=True)
        parts = np.split(order, first[1:]) if len(numbers) else []
        # An expression that is live at the peak comes before one that only moves many bytes.
        weight = [self._weigh(rows) for rows in parts]
        found = []
        for place in np.argsort(np.negative(weight), kind="stable")[:MOST_GROUPS].tolist() if parts else []:
            site, rows = trace.sites[int(numbers[place])], parts[place]
            expression, syntax = expression_text(sources, site), find_place(index, site)
            if expression is not None and syntax is not None:
                direct = self.buffers.node[rows] == standing[rows]
                found.append(Group(site, expression, syntax, rows, self.buffers.at(rows), self.temporary[rows], direct))
        return tuple(found)

    def _weigh(self, rows: Int64s) -> int:
        nbytes = self.buffers.nbytes[rows]
        return int(nbytes[self.alive_at(self.peak_event)[rows]].sum()) or int(nbytes.max())

    def alive_at(self, event: int) -> Bools:
        """Mark the buffers that are live after so many events, shape (k,)."""
        return (self.buffers.born < event) & (self.buffers.died >= event)

    @cached_property
    def holders(self) -> dict[int, list[Holder]]:
        """All holders that were ever seen of each buffer, by its number, in order of time."""
        found: dict[int, list[Holder]] = {}
        for holder in self.index.trace.holders:
            if holder.name:
                found.setdefault(holder.buffer, []).append(holder)
        return found

    def freed_at_site(self, group: Group) -> Bools:
        """Mark the buffers of a group that were freed while its own expression still ran, shape (k,)."""
        trace = self.index.trace
        freed = group.buffers.freed & group.temporary
        node = np.append(trace.events.stack, -1)[group.buffers.died]
        site = trace.tree.site[standing_nodes(self.index)[node]]
        of_group = trace.tree.site[standing_nodes(self.index)[group.buffers.node]]
        same: Bools = freed & (node >= 0) & (site == of_group)
        return same

    @cached_property
    def _searched(self) -> dict[int, list[Holder]]:
        """All holders of each buffer, by its number, in order of time; one without a name where none was found."""
        found: dict[int, list[Holder]] = {}
        for holder in self.index.trace.holders:
            found.setdefault(holder.buffer, []).append(holder)
        return found

    def array_of(self, row: int) -> Holder | None:
        """Return an array object that holds a whole buffer: it tells shape and dtype; ``None`` if none is known.

        A view of all elements does it too, as `numpy.linspace` and ``reshape`` return one.
        """
        seen, nbytes = self.holders.get(int(self.buffers.buffer[row]), []), int(self.buffers.nbytes[row])
        owner = next((holder for holder in seen if not holder.is_view), None)
        return owner or next((holder for holder in seen if form_nbytes(holder) == nbytes), None)

    def dtype_of(self, row: int) -> np.dtype | None:
        """Return the dtype of a buffer's elements, that of a temporary too; ``None`` if it is unknown.

        The shape of a temporary stays out: `numpy.load` reads into one dimension, and returns a view of another shape.
        """
        seen = self.array_of(row) or self.index.trace.forms.get(int(self.buffers.buffer[row]))
        return None if seen is None else read_dtype(seen.dtype)

    def sightings(self, row: int) -> list[Holder]:
        """Return what all searches saw of a buffer, in order of time: one without a name where it had none any more."""
        return self._searched.get(int(self.buffers.buffer[row]), [])

    def holder_at(self, row: int, event: int) -> Holder | None:
        """Return the holder of a buffer as the last search before a moment saw it; ``None`` if it saw none."""
        seen = [each for each in self.sightings(row) if each.events <= event]
        return seen[-1] if seen and seen[-1].name else None

    def bound_to(self, name: str, function: str, *, at: int) -> Int64s:
        """Return the rows of the buffers that a variable has at a moment, as far as the run tells.

        Parameters
        ----------
        name, function : str
            Variable, and the function whose local it is; ``"<module>"`` for a global.
        at : int
            Number of events up to the moment.

        Returns
        -------
        (k,) int64
            Rows of `buffers` that are live then and were seen in the variable, or were allocated by a statement that
            assigns them to it, the newest last.
        """
        key = (name, function)
        if key not in self._named:
            self._named[key] = self._find_bound(name, function)
        rows = self._named[key]
        return rows[(self.buffers.born[rows] < at) & (self.buffers.died[rows] >= at)]

    def _find_bound(self, name: str, function: str) -> Int64s:
        seen = {
            number
            for number, holders in self.holders.items()
            for holder in holders
            if holder.name == name and function in {holder.function, "<module>"}
        }
        rows = set(np.flatnonzero(np.isin(self.buffers.buffer, list(seen))).tolist()) if seen else set()
        for group in self.groups:
            target = group.place.target()
            if not isinstance(target, ast.Name | ast.Attribute) or text_of(target) != name:
                continue
            # An attribute that one method assigns is read in others.
            if group.site.function == function or isinstance(target, ast.Attribute):
                rows.update(group.rows[~group.temporary].tolist())
        return np.array(sorted(rows), np.int64)


def make_case(index: TraceIndex, siblings: tuple[TraceIndex, ...] = ()) -> Case | None:
    """Prepare a run for the rules; ``None`` if events were dropped, so that lifetimes are unknown."""
    buffers = array_lifetimes(index)
    return None if buffers is None else Case(index, buffers, siblings)


def each_large(case: Case) -> Iterator[Group]:
    """Yield the groups whose largest buffer, or whose bytes at the peak, are worth a finding."""
    for group in case.groups:
        if int(group.buffers.nbytes.sum()) >= case.least:
            yield group
