"""Runs at several sizes, and whether they match: the same births and deaths, in order, at the same call stacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ndmem.model.columns import Domain, Kind

if TYPE_CHECKING:
    from ndmem.model.columns import Bools, Events, Int64s
    from ndmem.model.trace import Trace
    from ndmem.planning.worker.code.code_scan import Instruction
    from ndmem.planning.worker.protocol import Frame


class StackNumbers:
    """Numbers of call stacks: a stack has the same number in every run."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[int, str, str, int, int], int] = {}

    def number(self, trace: Trace) -> Int64s:
        """Return the number of each node of a run's call tree, shape (n,)."""
        tree = trace.tree
        numbers = np.empty(len(tree), np.int64)
        columns = (tree.parent.tolist(), tree.site.tolist(), tree.offset.tolist(), tree.domain.tolist())
        for i, (parent, site_number, offset, domain) in enumerate(zip(*columns, strict=True)):
            site = trace.sites[site_number]
            # Not the node's number in its own run: the order in which stacks are first seen may differ between runs.
            caller = int(numbers[parent]) if parent >= 0 else -1
            key = (caller, site.filename, site.function, offset, domain)
            numbers[i] = self._numbers.setdefault(key, len(self._numbers))
        return numbers


def mark_operators(trace: Trace, operators: frozenset[Instruction]) -> Bools:
    """Mark the nodes of a run's call tree that are at one of these instructions, shape (n,)."""
    tree, sites = trace.tree, trace.sites
    pairs = zip(tree.site.tolist(), tree.offset.tolist(), strict=True)
    marks = [(sites[site].filename, sites[site].function, offset) in operators for site, offset in pairs]
    return np.array(marks, np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """A run at one size.

    Attributes
    ----------
    t : int
        Position on the line of sizes; -1 for a size that is not on it.
    lengths : dict of str to int
        The size.
    trace : Trace
        The run; every buffer is an event.
    place : (m,) int64
        Number of the call stack of each event, the same in all runs.
    by_operator : (m,) bool
        Whether an event happened at an operator.
    seconds : float
        Duration of the call.
    call_frame : Frame
        The worker's frame that called the function.
    inputs_nbytes : int or None
        Bytes of the arguments, where they are known only after making them.
    lost : int
        Number of events that were not recorded.
    is_cut : bool
        Whether the run was stopped before it returned.
    processor_seconds : float
        Processor time of the call.
    rss_growth_nbytes : int or None
        How far resident memory rose, with what the recording itself needs; ``None`` if it was not measured.
    nbytes : (births,) int64
        Bytes of each buffer.
    """

    t: int
    lengths: dict[str, int]
    trace: Trace
    place: Int64s
    by_operator: Bools
    seconds: float
    call_frame: Frame
    inputs_nbytes: int | None = None
    lost: int = 0
    is_cut: bool = False
    processor_seconds: float = 0.0
    rss_growth_nbytes: int | None = None
    nbytes: Int64s = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "nbytes", birth_sizes(self.trace.events))  # the way of a frozen dataclass

    @property
    def events(self) -> Events:
        """Events of the run."""
        return self.trace.events

    def live(self) -> Int64s:
        """Return the live bytes of arrays after each event."""
        return live_bytes(self.events, self.nbytes)

    @property
    def peak(self) -> int:
        """Highest live bytes of arrays."""
        return int(self.live().max(initial=0))

    @property
    def kept(self) -> int:
        """Live bytes of arrays at the end, including the result."""
        live = self.live()
        return int(live[-1]) if len(live) else 0


def birth_sizes(events: Events) -> Int64s:
    """Return the bytes of each buffer, shape (births,)."""
    sizes: Int64s = events.nbytes[events.kind == Kind.BORN]
    return sizes


def live_bytes(events: Events, nbytes: Int64s, *, domain: Domain = Domain.ARRAY) -> Int64s:
    """Return the live bytes of a domain after each event, for buffers of these sizes."""
    return events.running_nbytes(events.domain == domain, nbytes[events.buffer])


def match(points: Sequence[Point]) -> bool:
    """Tell whether all runs have the same structure."""
    first = points[0]
    return all(
        np.array_equal(first.events.kind, other.events.kind)
        and np.array_equal(first.events.buffer, other.events.buffer)
        and np.array_equal(first.place, other.place)
        and np.array_equal(first.events.thread, other.events.thread)
        for other in points[1:]
    )


def stack_sizes(points: Sequence[Point]) -> Int64s:
    """Return the bytes of each buffer in each run, shape (runs, births), of runs that match."""
    return np.stack([point.nbytes for point in points])
